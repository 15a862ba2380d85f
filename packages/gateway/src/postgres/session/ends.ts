import { type Decision, type Json, canonicalJson, denied } from "@countersign/core";
import type { Verdict } from "../judge/index.ts";
import { writeError } from "../wire/index.ts";
import { type Refused, writeRefusal } from "./refusal.ts";

/** INV-2: doubt denies. */
export const NOT_JUDGED: Verdict = {
  verdict: "refused",
  reason: "the catalogue of the database cannot be read, so that nobody knows what this does",
  fault: null,
  effect: "unknown",
  effects: ["unknown"],
  reads: [],
  writes: [],
  functions: [],
  statements: [],
};
export const STOPPED: Decision = denied("brake", "brake.frozen", "what was open was stopped");
export const TASK_OVER: Decision = denied("task", "task.ended", "the task has ended");

/** The last word to a client whose session is ended without having been asked anything. */
export function writeStopped({ step, code, reason, policyIds, brake }: Decision): Buffer {
  const known: Json = { decision: "deny", step, code, reason, policyIds: [...policyIds], entry: null };
  const detail = canonicalJson(brake === undefined ? known : { ...known, brake });
  const hint = "What was open was rolled back.";
  return writeError({ severity: "FATAL", sqlState: "57P01", message: reason, detail, hint });
}

/** What the client is told of something that was not done; null: it had cancelled it while it waited. */
export function writeNotDone(
  refused: Refused | null,
  { sql, verdict }: { readonly sql: string | null; readonly verdict: Verdict | null },
  isInBlock: boolean,
): Buffer {
  if (refused === null)
    return writeError({ severity: "ERROR", sqlState: "57014", message: "canceling statement due to user request" });
  return writeRefusal(refused, { isInBlock, sql, fault: verdict?.fault ?? null });
}

import { type Refusal, canonicalJson } from "@countersign/core";
import type { RefusalDetail } from "@countersign/enforce";
import type { TextFault } from "../judge/index.ts";
import { type ErrorFields, writeError } from "../wire/index.ts";

/** Codes after which the task can do nothing any more: its session ends. */
const SEVERED: ReadonlySet<string> = new Set([
  "brake.severed",
  "task.ended",
  "task.unknown",
  "human.inactive",
  "agent.inactive",
  "agent.owner_lost",
]);
const SHOWN_CHARS = 200;

export interface Refused {
  readonly refusal: Refusal;
  readonly detail: RefusalDetail;
}
export interface RefusalPlace {
  /** A transaction was open, or a part of a batch done. */
  readonly isInBlock: boolean;
  readonly sql: string | null;
  /** What PostgreSQL's grammar says to the text. */
  readonly fault: TextFault | null;
  /** There is no session, or none any more. */
  readonly isFatal?: boolean;
}

export function endsSession({ refusal }: Refused): boolean {
  return SEVERED.has(refusal.code);
}

/** A refusal in the words of the protocol: SQLSTATE as the outside surface fixes it, `D` as canonical JSON in DETAIL. */
export function writeRefusal(refused: Refused, place: RefusalPlace): Buffer {
  const detail = canonicalJson(refused.refusal);
  return writeError({ ...said(refused, place), ...(place.isFatal === true ? { severity: "FATAL" } : {}), detail });
}

function said(refused: Refused, { isInBlock, sql, fault }: RefusalPlace): ErrorFields {
  const { refusal, detail } = refused;
  if (refusal.decision === "hold") return held(refused, { isInBlock, sql });
  if (endsSession(refused))
    return { severity: "FATAL", sqlState: "57P01", message: refusal.reason, hint: "Open another task." };
  if (fault !== null && refusal.code === "input.not_sql") {
    const { sqlState, message, position } = fault;
    return { severity: "ERROR", sqlState, message, ...(position === null ? {} : { position }) };
  }
  const message = `${refusal.code}: ${refusal.reason}`;
  const hint = `Nothing of it was done: \`${detail.action}\` was refused. Trying another way does not help.`;
  return { severity: "ERROR", sqlState: "42501", message, hint };
}

function held({ refusal, detail }: Refused, place: Pick<RefusalPlace, "isInBlock" | "sql">): ErrorFields {
  const { approval = "", approvalUrl = "" } = refusal;
  const what = place.sql === null ? detail.action : shortened(place.sql);
  const message = `HELD ${approval} for ${detail.approver ?? "its owner"}: ${what}. Nothing was done.`;
  const again = "run the identical statement again once it is approved";
  if (!place.isInBlock)
    return {
      severity: "ERROR",
      sqlState: "CS001",
      message,
      hint: `Approve: ${approvalUrl}. Do not try another way; ${again}.`,
    };
  const hint = `Approve: ${approvalUrl}. No transaction waits for a person: this one is aborted. Roll it back; ${again}, alone.`;
  return { severity: "ERROR", sqlState: "CS002", message, hint };
}

function shortened(sql: string): string {
  const text = sql.replaceAll(/\s+/g, " ").trim();
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`;
}

import { type Decision, type Hold, type RefusalCode, STEPS, denied } from "@countersign/core";
import type { DecideInput } from "../decide-input.ts";

/** Null: passed. Else the final answer, or holds to gather and the policies that permit. */
export type StepResult =
  | null
  | { readonly decision: Decision }
  | { readonly holds: readonly Hold[]; readonly permits: readonly string[] };

/** One named check; `holds` are those that the checks before it gathered. */
export type Check = (input: DecideInput, holds: readonly Hold[]) => StepResult;

/** The answer of a check that refuses; the step is the first word of the code. */
export function refuse(code: RefusalCode, reason: string, extra: Partial<Decision> = {}): StepResult {
  const step = STEPS.find((name) => code.startsWith(`${name}.`)) ?? "policy";
  return { decision: { ...denied(step, code, reason), ...extra } };
}

/** True while a record with that end (RFC 3339) is in force. INV-2: an end that cannot be read has passed. */
export function inForce(expiresAt: string, now: number): boolean {
  return now < Date.parse(expiresAt);
}

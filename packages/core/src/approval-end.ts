import type { StateRecord } from "./records.ts";

type Approval = Pick<StateRecord<"approval">, "terms" | "state">;

/** The scope that was signed; the first signer chooses it for all. Null while nobody has approved. */
export function signedScope({ state }: Pick<Approval, "state">): "once" | "task" | null {
  return state.answers.find(({ signed }) => signed.decision === "approve")?.signed.scope ?? null;
}

/** Unix milliseconds from which an approval counts no more: what was signed for a task ends with the first of its signatures. */
export function approvalEndsAt(approval: Approval): number {
  const { terms, state } = approval;
  if (state.status !== "approved" || signedScope(approval) !== "task") return Date.parse(terms.expiresAt);
  return Math.min(...state.answers.map(({ signed }) => Date.parse(signed.expiresAt)));
}

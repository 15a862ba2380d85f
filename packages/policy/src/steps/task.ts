import type { DecideInput } from "../decide-input.ts";
import { type Check, inForce, refuse } from "./step.ts";

/** The task is known, belongs to agent, human and device of the chain, is live and has not expired. */
export const task: Check = ({ claims, facts, now }) => {
  const record = facts.task;
  if (!claims.ok || record === null || record.id !== claims.chain.task) {
    return refuse("task.unknown", "no such task; open one with `countersign task open`");
  }
  const { agent, human, device, expiresAt } = record.terms;
  if (agent !== claims.chain.agent || human !== claims.chain.human || device !== claims.chain.device) {
    return refuse("task.unknown", "the task belongs to another chain; open one for this agent on this device");
  }
  if (record.state.status !== "live" || !inForce(expiresAt, now)) {
    return refuse("task.ended", "the task has ended; open a new one");
  }
  return record.terms.session === null ? underMandate(record, { facts, now }) : null;
};

/** INV-1, INV-4: unattended work stands on a mandate of the same chain that is in force; without one it has no human. */
function underMandate(
  { terms }: NonNullable<DecideInput["facts"]["task"]>,
  { facts, now }: Pick<DecideInput, "facts" | "now">,
): ReturnType<Check> {
  const mandate = facts.mandate ?? null;
  if (mandate === null || mandate.id !== terms.mandate || mandate.state.status !== "active")
    return refuse("task.no_human", "nobody is signed in and no mandate stands behind the task; sign a new one");
  const { agent, owner, device, expiresAt } = mandate.terms;
  if (agent !== terms.agent || owner !== terms.human || device !== terms.device)
    return refuse("task.unknown", "the mandate belongs to another chain");
  if (!inForce(expiresAt, now)) return refuse("task.no_human", "the mandate has expired; sign a new one");
  return null;
}

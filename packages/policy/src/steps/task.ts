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
  return null;
};

import { isOwnTask } from "../own-task.ts";
import { type Check, refuse } from "./step.ts";

/** Claims are verified, name the whole chain (in a person's own task without an agent), and their key is one of the task's. */
export const credential: Check = ({ claims, facts }) => {
  if (!claims.ok) return refuse(claims.code, claims.reason);
  const { human, device, agent, task } = claims.chain;
  const lacksAgent = agent === null && !isOwnTask(facts.task);
  if (human === null || device === null || lacksAgent || task === null) {
    return refuse("credential.missing", "the credential does not name the whole chain; open a task");
  }
  if (facts.task !== null && facts.task.id === task && !facts.task.state.jkts.includes(claims.jkt)) {
    return refuse("credential.not_bound", "the key of the proof is not bound to the task; use the key that opened it");
  }
  return null;
};

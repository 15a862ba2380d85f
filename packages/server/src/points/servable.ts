import { type Chain, NO_CHAIN, type PointId, type StateRecord } from "@countersign/core";

/** Whether this gateway may act for the task: its credentials are for any, or for this one among others. */
export function isServable({ state }: StateRecord<"task">, point: PointId): boolean {
  return state.gateways === undefined || state.gateways.includes(point);
}

/** INV-11: whether a chain is that of its task as it stands in the records; without a task it is nobody's. */
export function isChainOf(chain: Chain, task: StateRecord<"task"> | null): boolean {
  if (chain.task === null) return isSame(chain, NO_CHAIN);
  return task !== null && isSame(chain, { ...pick(task.terms), task: task.id });
}

export function isSame(one: Chain, other: Chain): boolean {
  return MEMBERS.every((member) => one[member] === other[member]);
}
const MEMBERS = ["human", "device", "agent", "task"] as const;

function pick({ human, device, agent }: Omit<Chain, "task">): Omit<Chain, "task"> {
  return { human, device, agent };
}

import type { PointId, StateRecord } from "@countersign/core";

/** Whether this gateway may act for the task: its credentials are for any, or for this one among others. */
export function isServable({ state }: StateRecord<"task">, point: PointId): boolean {
  return state.gateways === undefined || state.gateways.includes(point);
}

import type { StateRecord } from "@countersign/core";

/** True for what is asked for before anybody is signed in on a machine: only whoever has its link is to hear of it. */
export function isAskedByAnybody({ change, human }: StateRecord<"approval">["terms"]): boolean {
  return change === "session.open" || (change === "client.connect" && human === null);
}

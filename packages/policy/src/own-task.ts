import type { StateRecord } from "@countersign/core";

/** INV-12: a task without an agent is a person's own only under a signature for it; one that lacks that has no chain. */
export function isOwnTask(task: StateRecord<"task"> | null): boolean {
  if (task === null || task.terms.agent !== null || task.terms.session === null) return false;
  const { authority } = task;
  return authority !== null && authority !== "genesis" && authority.change.act === "task.open";
}

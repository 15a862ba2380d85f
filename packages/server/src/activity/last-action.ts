import type { LastAction } from "@countersign/api";
import type { LedgerEntry } from "@countersign/core";
import type { EntryQuery, Store } from "../store/index.ts";

/** The last thing that was decided for an agent or a task. */
export async function lastAction(store: Store, of: Pick<EntryQuery, "agent" | "task">): Promise<LastAction | null> {
  const [found] = await store.entries({ ...of, acts: true, reverse: true, limit: 1 });
  if (found === undefined) return null;
  const { time, action, resource, decision } = found.body as unknown as LedgerEntry;
  return { time, action: action ?? "", resource, result: decision?.result ?? "deny", code: decision?.code ?? null };
}

import type { Clock } from "@countersign/core";
import type { LedgerStore } from "./journal.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

export interface StoreOptions {
  /** The data directory; made if it is not there. */
  readonly path: string;
  readonly clock: Clock;
}

/**
 * Opens the embedded database of a data directory, for this process alone.
 * Throws `data.in_use` (naming the process), `data.damaged`, `data.full` or `ledger.unavailable`.
 */
export async function openStore(options: StoreOptions): Promise<LedgerStore> {
  return await openSqliteStore(options);
}

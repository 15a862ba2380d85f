import type { Clock } from "@countersign/core";
import type { LedgerStore } from "./journal.ts";
import { openPostgresStore } from "./postgres/open-postgres.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

export type StoreOptions = {
  readonly clock: Clock;
} & (
  | {
      /** The data directory of the embedded database; made if it is not there. */
      readonly path: string;
    }
  | {
      /** A `postgres://` or `postgresql://` URL of one or several hosts, with what it needs to sign in. */
      readonly url: string;
    }
);

/**
 * Opens the state of an installation: the embedded database of a data directory, for this process alone, or a PostgreSQL, beside other
 * processes. Throws `data.in_use` (naming the process), `data.damaged`, `data.full`, `config.invalid` or `ledger.unavailable`.
 */
export async function openStore(options: StoreOptions): Promise<LedgerStore> {
  return "url" in options ? await openPostgresStore(options.url) : await openSqliteStore(options);
}

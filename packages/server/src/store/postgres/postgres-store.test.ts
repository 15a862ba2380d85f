import { afterAll, beforeAll } from "vitest";
import { type Postgres, startPostgres } from "../../testing/index.ts";
import { openStore } from "../open-store.ts";
import { boardSuite } from "../testing/board-suite.ts";
import { journalSuite } from "../testing/journal-suite.ts";
import type { OpenedDatabase } from "../testing/opened-store.ts";
import { resourceSuite } from "../testing/resource-suite.ts";
import { storeSuite } from "../testing/store-suite.ts";

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(async () => {
  await postgres.stop();
}, 60_000);

// One database for all tests: to make one writes a thousand files, to empty it a few.
async function create(): Promise<OpenedDatabase> {
  const url = await postgres.url("store");
  return {
    open: async () => await openStore({ url, clock: () => 1_800_000_000_000 }),
    remove: async () => void (await postgres.query("DROP SCHEMA countersign CASCADE", "store")),
  };
}

storeSuite("PostgreSQL", create);
journalSuite("PostgreSQL", create);
boardSuite("PostgreSQL", create);
resourceSuite("PostgreSQL", create);

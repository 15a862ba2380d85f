import { afterAll, beforeAll } from "vitest";
import { type Postgres, startPostgres } from "../../testing/index.ts";
import { openStore } from "../open-store.ts";
import { journalSuite } from "../testing/journal-suite.ts";
import type { OpenedDatabase } from "../testing/opened-store.ts";
import { storeSuite } from "../testing/store-suite.ts";

let postgres: Postgres;
let databases = 0;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres.stop();
});

async function create(): Promise<OpenedDatabase> {
  databases += 1;
  const url = await postgres.url(`store${String(databases)}`);
  return {
    open: async () => await openStore({ url, clock: () => 1_800_000_000_000 }),
    remove: async () => await Promise.resolve(),
  };
}

storeSuite("PostgreSQL", create);
journalSuite("PostgreSQL", create);

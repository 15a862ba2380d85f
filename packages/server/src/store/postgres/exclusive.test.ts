import { afterAll, beforeAll, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../../testing/index.ts";
import type { LedgerStore } from "../journal.ts";
import { openStore } from "../open-store.ts";

let postgres: Postgres;
let stores: readonly LedgerStore[];
beforeAll(async () => {
  postgres = await startPostgres();
  const url = await postgres.url("exclusive");
  stores = await Promise.all([1, 2].map(async () => await openStore({ url, clock: Date.now })));
});
afterAll(async () => {
  await Promise.all(stores.map(async (store) => await store.close()));
  await postgres.stop();
});

it("runs one at a time of all processes; what asks again from within runs at once, what asks later waits", async () => {
  const [here, there] = stores as [LedgerStore, LedgerStore];
  const said: string[] = [];
  const later = Promise.withResolvers<() => Promise<void>>();
  const gate = Promise.withResolvers<undefined>();
  const first = here.exclusively(async () => {
    said.push("first");
    await here.exclusively(async () => await Promise.resolve(said.push("within")));
    // Begun while it ran alone, but asked when it does no more.
    later.resolve(async () => {
      await here.exclusively(async () => await Promise.resolve(said.push("later")));
    });
    await gate.promise;
    said.push("first ends");
  });
  const asLater = await later.promise;
  const second = there.exclusively(async () => {
    said.push("second");
    await new Promise((resolve) => setTimeout(resolve, 100));
    said.push("second ends");
  });
  gate.resolve(undefined);
  await first;
  await Promise.all([second, asLater()]);
  expect(said.slice(0, 3)).toEqual(["first", "within", "first ends"]);
  expect(said.indexOf("second ends")).toBe(said.indexOf("second") + 1);
  expect(said).toHaveLength(6);
});

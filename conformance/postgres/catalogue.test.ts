import { type Postgres, startPostgres } from "@countersign/server/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PostgresCatalogue } from "../../packages/gateway/src/postgres/catalogue/index.ts";
import { CachedJudge, type Verdict, loadParser } from "../../packages/gateway/src/postgres/judge/index.ts";
import { connectTo } from "../../packages/gateway/src/postgres/testing/session-facts.ts";

let postgres: Postgres;
let client: Awaited<ReturnType<typeof connectTo>>;
let now = 0;

beforeAll(async () => {
  await loadParser();
  postgres = await startPostgres();
  client = await connectTo(await postgres.url("guarded"));
}, 60_000);
afterAll(async () => {
  await client.end();
  await postgres.stop();
});

const run = (text: string): Promise<unknown> => postgres.query(text, "guarded");
const say = async (catalogue: PostgresCatalogue, text: string): Promise<Verdict> =>
  new CachedJudge().judge(text, { searchPath: ["public"], tempSchema: null }, await catalogue.current());

it("sees what others change after the bound, and what changed through the gateway at once", async () => {
  await run("CREATE TABLE t (id int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
  const catalogue = new PostgresCatalogue(client, { now: () => now, staleMs: 1_000 });
  expect((await say(catalogue, "SELECT f()")).verdict).toBe("known");
  const before = await catalogue.current();

  await run("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM t; SELECT 1'");
  now += 1_001;
  expect(catalogue.fresh()).toBeNull();
  expect(await say(catalogue, "SELECT f()")).toMatchObject({ effect: "destructive", writes: ["public.t"] });
  expect((await catalogue.current()).state).not.toBe(before.state);

  await run("CREATE TABLE log (id int); CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (1)");
  catalogue.moved();
  expect(catalogue.fresh()).toBeNull();
  expect((await say(catalogue, "INSERT INTO t VALUES (1)")).writes).toEqual(["public.log", "public.t"]);
});

it.each([
  ["a trigger switched off", "ALTER TABLE t2 DISABLE TRIGGER ALL"],
  ["a policy", "CREATE POLICY p ON t2 USING (true)"],
  ["a default", "ALTER TABLE t2 ALTER id SET DEFAULT 7"],
  ["a dropped column", "ALTER TABLE t2 DROP COLUMN b"],
  ["a search path of a function", "ALTER FUNCTION f() SET search_path = public"],
  ["a renamed relation", "ALTER TABLE t2 RENAME TO t3"],
])("has another state after %s", async (_, change) => {
  await run("DROP TABLE IF EXISTS t2, t3; CREATE TABLE t2 (id int, b int)");
  await run("CREATE TRIGGER x BEFORE UPDATE ON t2 FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()");
  const catalogue = new PostgresCatalogue(client, { now: () => now });
  const before = (await catalogue.current()).state;
  catalogue.moved();
  expect((await catalogue.current()).state).toBe(before);
  await run(change);
  catalogue.moved();
  expect((await catalogue.current()).state).not.toBe(before);
});

it("gives nothing when the database does not answer", async () => {
  const broken = { query: () => Promise.reject(new Error("gone")) };
  const catalogue = new PostgresCatalogue(broken, { now: () => now });
  await expect(catalogue.current()).rejects.toThrow("gone");
  expect(catalogue.fresh()).toBeNull();
});

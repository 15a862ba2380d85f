import type { Preview, RelationEffect } from "@countersign/core";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OwnSession, openSession } from "./connection.ts";
import { previewStatement } from "./preview.ts";

const SCHEMA = `
CREATE TABLE executives (id int PRIMARY KEY, name text, salary numeric, left_at date);
INSERT INTO executives SELECT i, 'executive ' || i, i * 10.50, CASE WHEN i % 4 = 0 THEN date '2026-01-01' + i END FROM generate_series(1, 1200) i;
CREATE TABLE bonuses (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, executive int REFERENCES executives ON DELETE CASCADE ON UPDATE CASCADE, note text);
INSERT INTO bonuses (executive, note) SELECT i, 'bonus' FROM generate_series(1, 100) i;
CREATE TABLE trail (at timestamptz DEFAULT now(), what text, old_name text);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN INSERT INTO trail (what, old_name) VALUES (TG_OP, OLD.name); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER DELETE ON executives FOR EACH ROW EXECUTE FUNCTION noted();
CREATE TABLE late (id int PRIMARY KEY, n int);
CREATE TABLE late_count (n int);
INSERT INTO late SELECT i, 0 FROM generate_series(1, 10) i;
INSERT INTO late_count VALUES (0);
CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE late_count SET n = n + 1; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER counted AFTER UPDATE ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION counted();
CREATE TABLE guarded (id int PRIMARY KEY, n int);
INSERT INTO guarded SELECT i, 0 FROM generate_series(1, 10) i;
CREATE FUNCTION careful() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN BEGIN NEW.n = NEW.n + 1; INSERT INTO trail (what) VALUES ('careful'); EXCEPTION WHEN OTHERS THEN NULL; END; RETURN NEW; END $$;
CREATE TRIGGER careful BEFORE UPDATE ON guarded FOR EACH ROW EXECUTE FUNCTION careful();
CREATE TABLE tenants (id int PRIMARY KEY, tenant text, n int);
INSERT INTO tenants SELECT i, CASE WHEN i <= 3 THEN 'ours' ELSE 'theirs' END, 0 FROM generate_series(1, 10) i;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY ours ON tenants USING (tenant = 'ours');
CREATE TABLE heap (word text);
INSERT INTO heap VALUES ('same'), ('same'), ('other');
CREATE TABLE parts (id int, v text) PARTITION BY LIST (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts VALUES (1, 'a');
CREATE TABLE secret (id int PRIMARY KEY, word text);
INSERT INTO secret VALUES (1, 'hidden');
CREATE TABLE stamped (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n int, made timestamptz DEFAULT clock_timestamp(), lot int DEFAULT (random() * 1e9)::int);
CREATE ROLE task_role LOGIN PASSWORD 'task' ;
GRANT SELECT, INSERT, UPDATE, DELETE ON executives, bonuses, late, late_count, guarded, tenants, heap, parts, part_1, part_2, stamped TO task_role;
GRANT INSERT, SELECT ON trail TO task_role;
GRANT DELETE, UPDATE ON secret TO task_role;
`;

let postgres: Postgres;
let address: Parameters<typeof openSession>[0];
beforeAll(async () => {
  postgres = await startPostgres();
  const url = new URL(await postgres.url("previews"));
  await postgres.query(SCHEMA, "previews");
  const { hostname, port } = url;
  address = {
    host: hostname,
    port: Number(port),
    user: "task_role",
    password: "task",
    database: "previews",
    tls: false,
  };
});
afterAll(async () => await postgres.stop());

const opened: OwnSession[] = [];
const preview = async (text: string, parameters: (string | null)[] = [], signal?: AbortSignal): Promise<Preview> =>
  await previewStatement({
    statement: { text, parameters },
    session: { searchPath: ["public"], settings: {} },
    open: async () => {
      const session = await openSession(address);
      opened.push(session);
      return session;
    },
    signal: signal ?? new AbortController().signal,
    now: () => performance.now(),
  });
const relationsOf = (seen: Preview): readonly RelationEffect[] => {
  if (seen.kind === "unknown") throw new Error(seen.reason);
  return seen.relations;
};
/** `delete public.executives 300` */
const lines = (seen: Preview): string[] =>
  relationsOf(seen).map(({ relation, operation, count }) => `${operation} ${relation} ${String(count)}`);
const find = (seen: Preview, relation: string): RelationEffect => {
  const found = relationsOf(seen).find((one) => one.relation === `public.${relation}`);
  if (found === undefined) throw new Error(`nothing of ${relation}`);
  return found;
};

describe("what a statement would do", () => {
  it("counts exactly, cascades and triggers included, shows keys and rows, and does nothing", async () => {
    const seen = await preview("DELETE FROM executives WHERE left_at IS NOT NULL");
    expect(lines(seen)).toEqual([
      "delete public.bonuses 25",
      "delete public.executives 300",
      "insert public.trail 300",
    ]);
    const executives = find(seen, "executives");
    expect(executives).toMatchObject({ keyColumns: ["id"], filledAtCommit: [], unseen: null });
    expect(executives.keys).toHaveLength(100);
    expect(executives.keys).toContain("[1000]");
    expect(executives.sample[0]).toEqual({
      before: ["1000", '"executive 1000"', "10500.00", '"2028-09-27"'],
      after: null,
    });
    expect(find(seen, "trail")).toMatchObject({ filledAtCommit: ["at"], unseen: null });
    expect(find(seen, "trail").sample[0]?.after?.[0]).toBe("filled at commit");
    const [left] = await postgres.query("SELECT count(*)::int AS n FROM executives", "previews");
    expect(left).toEqual({ n: 1200 });
  });

  it("shows changed rows before and after, with parameters", async () => {
    const seen = await preview("UPDATE executives SET salary = salary * $1 WHERE id = $2", ["2", "7"]);
    expect(find(seen, "executives")).toMatchObject({
      count: 1,
      keys: ["[7]"],
      sample: [{ before: ["7", '"executive 7"', "73.50", "null"], after: ["7", '"executive 7"', "147.00", "null"] }],
    });
  });

  it("says the same of the same state each time, and another digest when a row differs", async () => {
    const text = "UPDATE executives SET name = upper(name) WHERE id < 5";
    const first = find(await preview(text), "executives");
    expect(find(await preview(text), "executives")).toEqual(first);
    await postgres.query("UPDATE executives SET salary = salary + 1 WHERE id = 3", "previews");
    const second = find(await preview(text), "executives");
    expect([second.count, second.keys]).toEqual([first.count, first.keys]);
    expect(second.digest).not.toBe(first.digest);
  });

  it("follows a key that is changed, and its cascade", async () => {
    const seen = await preview("UPDATE executives SET id = 5001 WHERE id = 1");
    expect(lines(seen)).toEqual(["update public.bonuses 1", "update public.executives 1"]);
    expect(find(seen, "executives").sample).toHaveLength(2);
    expect(find(seen, "bonuses").sample[0]).toEqual({ before: ["1", "1", '"bonus"'], after: ["1", "5001", '"bonus"'] });
  });

  it("names what identity, clock, chance and sequences fill at the commit, and nothing else", async () => {
    const seen = await preview("INSERT INTO stamped (n) VALUES (1), (2)");
    expect(find(seen, "stamped")).toMatchObject({
      count: 2,
      keyColumns: [],
      keys: [],
      filledAtCommit: ["id", "made", "lot"],
    });
    const bonus = await preview("INSERT INTO bonuses (executive, note) VALUES (1, 'x')");
    expect(find(bonus, "bonuses").filledAtCommit).toEqual(["id"]);
    expect(find(await preview("INSERT INTO late VALUES (99, 1)"), "late")).toMatchObject({
      keys: ["[99]"],
      filledAtCommit: [],
    });
  });

  it("includes what deferred triggers would do at the commit", async () => {
    const seen = await preview("UPDATE late SET n = 1 WHERE id <= 4");
    expect(lines(seen)).toEqual(["update public.late 4", "update public.late_count 4"]);
    // One row, written four times: counted exactly, and it is said that the rows are not all of them.
    expect(find(seen, "late_count")).toMatchObject({ count: 4, unseen: expect.stringContaining("more than once") });
  });

  it("sees rows that were written within a subtransaction", async () => {
    const seen = await preview("UPDATE guarded SET n = 5 WHERE id <= 2");
    expect(lines(seen)).toEqual(
      ["update public.guarded 2", "insert public.trail 2"].toSorted((a, b) => (a.slice(7) < b.slice(7) ? -1 : 1)),
    );
    expect(find(seen, "guarded").sample[0]?.after).toEqual(["1", "6"]);
    expect(find(seen, "trail").unseen).toBeNull();
  });

  it("goes through partitions, relations without a key, and ON CONFLICT", async () => {
    const moved = await preview("UPDATE parts SET id = 2 WHERE id = 1");
    expect(lines(moved)).toEqual(["delete public.part_1 1", "insert public.part_2 1"]);
    const heap = await preview("DELETE FROM heap WHERE word = 'same'");
    expect(find(heap, "heap")).toMatchObject({ count: 2, keyColumns: [], keys: [], unseen: null });
    expect(find(heap, "heap").sample).toHaveLength(2);
    const upsert = await preview(
      "INSERT INTO late VALUES (1, 7), (50, 7) ON CONFLICT (id) DO UPDATE SET n = excluded.n",
    );
    expect(lines(upsert)).toEqual(["insert public.late 1", "update public.late 1", "update public.late_count 1"]);
    expect(find(upsert, "late").keys).toEqual(["[50]"]);
  });

  it("has no more rights than the task: row security hides rows, and what may not be read is only counted", async () => {
    expect(lines(await preview("DELETE FROM tenants"))).toEqual(["delete public.tenants 3"]);
    const blind = await preview("DELETE FROM secret");
    expect(find(blind, "secret")).toMatchObject({
      count: 1,
      keys: [],
      sample: [],
      unseen: "the role of the task may not read it",
    });
    expect(await preview("DELETE FROM pg_authid")).toMatchObject({
      kind: "unknown",
      reason: expect.stringContaining("42501"),
    });
  });

  it("finds rows that another transaction locks at the same time", async () => {
    const other = new Client({ ...address, user: "postgres", connectionString: await postgres.url("previews") });
    await other.connect();
    await other.query("BEGIN");
    await other.query("SELECT * FROM executives WHERE id IN (10, 11) FOR KEY SHARE");
    const seen = await preview("UPDATE executives SET name = 'x' WHERE id IN (10, 11)");
    expect(find(seen, "executives")).toMatchObject({ count: 2, keys: ["[10]", "[11]"], unseen: null });
    await other.query("ROLLBACK");
    await other.end();
  });
});

describe("doubt: the effect is unknown", () => {
  it("when rows are locked, in 200 ms", async () => {
    const other = new Client({ connectionString: await postgres.url("previews") });
    await other.connect();
    await other.query("BEGIN; UPDATE executives SET name = 'locked' WHERE id = 20");
    expect(await preview("DELETE FROM executives WHERE id = 20")).toEqual({
      kind: "unknown",
      reason: "other transactions hold rows that it needs",
    });
    await other.query("ROLLBACK");
    await other.end();
  });

  it("when it takes too long, when it would fail, when it does something else each time", async () => {
    expect(await preview("DELETE FROM late WHERE id = 1 AND pg_sleep(5) IS NOT NULL")).toEqual({
      kind: "unknown",
      reason: "it takes longer than may be waited for",
    });
    expect(await preview("INSERT INTO late VALUES (1, 1)")).toMatchObject({ reason: expect.stringContaining("23505") });
    expect(await preview("DELETE FROM executives WHERE random() < 0.5")).toEqual({
      kind: "unknown",
      reason: "it does something else each time",
    });
  });

  it("when there is no time, no server, or it is called off", async () => {
    const gone = AbortSignal.abort();
    expect((await preview("DELETE FROM late", [], gone)).kind).toBe("unknown");
    const late = new AbortController();
    setTimeout(() => late.abort(), 300);
    const began = performance.now();
    expect((await preview("DELETE FROM late WHERE pg_sleep(0.5) IS NOT NULL", [], late.signal)).kind).toBe("unknown");
    expect(performance.now() - began).toBeLessThan(10_000);
    const { port } = address;
    address = { ...address, port: 1 };
    expect((await preview("DELETE FROM late")).kind).toBe("unknown");
    address = { ...address, port };
  });

  it("leaves nothing behind: no session, no transaction, no row", async () => {
    await expect
      .poll(async () => await postgres.query("SELECT pid FROM pg_stat_activity WHERE usename = 'task_role'"), {
        timeout: 10_000,
      })
      .toEqual([]);
    const [rows] = await postgres.query(
      "SELECT (SELECT count(*)::int FROM executives) AS e, (SELECT count(*)::int FROM trail) AS t, (SELECT count(*)::int FROM late) AS l",
      "previews",
    );
    expect(rows).toEqual({ e: 1200, t: 0, l: 10 });
  });
});

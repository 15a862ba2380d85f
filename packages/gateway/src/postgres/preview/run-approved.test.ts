import type { Json, Preview } from "@countersign/core";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type OwnSession, openSession } from "./connection.ts";
import { previewStatement } from "./preview.ts";
import { type ApprovedEnd, type ApprovedRun, runApproved } from "./run-approved.ts";

const SESSION = { searchPath: ["public"], settings: {} };
const NARROW = "DELETE FROM executives WHERE id <= 3";

let postgres: Postgres;
let address: Parameters<typeof openSession>[0];
let inside: OwnSession;
beforeAll(async () => {
  postgres = await startPostgres();
  const { hostname, port } = new URL(await postgres.url("approved"));
  address = {
    host: hostname,
    port: Number(port),
    user: "task_role",
    password: "task",
    database: "approved",
    tls: false,
  };
  await postgres.query("CREATE ROLE task_role LOGIN PASSWORD 'task'");
});
afterAll(async () => await postgres.stop());
beforeEach(async () => {
  await postgres.query(
    `DROP TABLE IF EXISTS executives, trail; CREATE TABLE executives (id int PRIMARY KEY, name text);
     INSERT INTO executives SELECT i, 'executive ' || i FROM generate_series(1, 20) i;
     CREATE TABLE trail (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), what text);
     CREATE OR REPLACE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN INSERT INTO trail (what) VALUES (TG_OP || ' ' || OLD.name); RETURN NULL; END $$;
     CREATE TRIGGER noted AFTER DELETE OR UPDATE ON executives FOR EACH ROW EXECUTE FUNCTION noted();
     GRANT SELECT, INSERT, UPDATE, DELETE ON executives, trail TO task_role`,
    "approved",
  );
  inside = await openSession(address);
});
afterEach(() => inside.close());

const open = async (): Promise<OwnSession> => await openSession(address);
const preview = async (text: string): Promise<Preview> => {
  const signal = new AbortController().signal;
  return await previewStatement({ statement: { text, parameters: [] }, session: SESSION, open, signal, now: Date.now });
};
const run = async (
  text: string,
  signed: Preview | null,
  more: Partial<ApprovedRun<string>> = {},
): Promise<ApprovedEnd<string>> =>
  await runApproved({
    inside,
    open,
    session: SESSION,
    run: async () => {
      await inside.statement({ text, parameters: [] });
      return { ok: true, value: "done" };
    },
    signed,
    ceiling: () => null,
    anew: async () => await preview(text),
    note: async () => await Promise.resolve(true),
    permitted: () => true,
    ...more,
  });
const left = async (): Promise<unknown> => {
  const [row] = await postgres.query(
    "SELECT (SELECT count(*)::int FROM executives) AS executives, (SELECT count(*)::int FROM trail) AS trail",
    "approved",
  );
  return row;
};
const UNTOUCHED = { executives: 20, trail: 0 };

describe("an approved statement", () => {
  it("is committed when it does what was signed, with what is filled at the commit left open", async () => {
    const signed = await preview(NARROW);
    const notes: Json[] = [];
    const note = async (cause: Json): Promise<boolean> => {
      notes.push(cause);
      expect(await left()).toEqual(UNTOUCHED);
      return true;
    };
    expect(await run(NARROW, signed, { note })).toEqual({ end: "committed", value: "done" });
    expect(await left()).toEqual({ executives: 17, trail: 3 });
    expect(notes).toEqual([{ transaction: expect.stringMatching(/^\d+$/) }]);
    const { transaction } = notes[0] as { transaction: string };
    const [status] = await postgres.query(`SELECT pg_xact_status('${transaction}') AS s`);
    expect(status).toEqual({ s: "committed" });
  });

  it.each([
    ["another row is there", "INSERT INTO executives VALUES (0, 'new')"],
    ["a row is gone", "DELETE FROM executives WHERE id = 2; TRUNCATE trail"],
    [
      "a row is another",
      "ALTER TABLE executives DISABLE TRIGGER noted; UPDATE executives SET name = 'other' WHERE id = 2; ALTER TABLE executives ENABLE TRIGGER noted",
    ],
    [
      "a trigger does something else",
      "CREATE OR REPLACE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO trail (what) VALUES ('other'); RETURN NULL; END $$",
    ],
    [
      "a trigger is new",
      "CREATE TABLE IF NOT EXISTS extra (n int); GRANT INSERT ON extra TO task_role; CREATE OR REPLACE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO extra VALUES (1); RETURN NULL; END $$; CREATE TRIGGER more AFTER DELETE ON executives EXECUTE FUNCTION more()",
    ],
  ])("is rolled back when %s since, and says what it would do now", async (_, meanwhile) => {
    const signed = await preview(NARROW);
    await postgres.query(meanwhile, "approved");
    const before = await left();
    const ended = await run(NARROW, signed);
    expect(ended.end).toBe("changed");
    expect(await left()).toEqual(before);
    const { preview: now } = ended as Extract<ApprovedEnd<string>, { end: "changed" }>;
    expect(await run(NARROW, now)).toEqual({ end: "committed", value: "done" });
  });

  it("is rolled back when another statement ran than was signed, or its own fails", async () => {
    const signed = await preview(NARROW);
    expect(await run("DELETE FROM executives", signed)).toMatchObject({ end: "changed" });
    expect(await run("DELETE FROM executives WHERE id <= 3 AND 1 / (id - id) = 1", signed)).toMatchObject({
      end: "failed",
    });
    expect(await left()).toEqual(UNTOUCHED);
    // The session is usable again, outside of any block.
    expect((await inside.text("SELECT 1")).tag).toBe("SELECT 1");
  });

  it("is rolled back after a stop, and when its transaction cannot be put on record", async () => {
    const signed = await preview(NARROW);
    expect(await run(NARROW, signed, { permitted: () => false })).toEqual({ end: "stopped" });
    expect(await run(NARROW, signed, { note: async () => await Promise.resolve(false) })).toEqual({ end: "stopped" });
    expect(await left()).toEqual(UNTOUCHED);
  });

  it("is rolled back when it changes more rows than it may, what triggers write included", async () => {
    const signed = await preview(NARROW);
    const seen: number[] = [];
    const ceiling = (rows: number): string | null => {
      seen.push(rows);
      return rows > 5 ? "too many" : null;
    };
    expect(await run(NARROW, signed, { ceiling })).toEqual({ end: "exceeded", reason: "too many" });
    expect(await run(NARROW, null, { ceiling })).toEqual({ end: "exceeded", reason: "too many" });
    expect([seen, await left()]).toEqual([[6, 6], UNTOUCHED]);
    expect(await run("DELETE FROM executives WHERE id = 1", null, { ceiling })).toMatchObject({ end: "committed" });
  });

  it("runs without comparison when its effect was signed as unknown", async () => {
    expect(await run(NARROW, { kind: "unknown", reason: "x" })).toEqual({ end: "committed", value: "done" });
    expect(await left()).toEqual({ executives: 17, trail: 3 });
  });
});

describe("a connection that is lost", () => {
  const backend = async (): Promise<string> => (await inside.text("SELECT pg_backend_pid()")).rows[0]?.[0] ?? "";

  it("before COMMIT was sent: rolled back", async () => {
    const signed = await preview(NARROW);
    const pid = await backend();
    const note = async (): Promise<boolean> => {
      await postgres.query(`SELECT pg_terminate_backend(${pid}, 5000)`);
      return true;
    };
    expect(await run(NARROW, signed, { note })).toMatchObject({ end: "failed" });
    expect(await left()).toEqual(UNTOUCHED);
  });

  it("with the answer of COMMIT: the server says that it was committed", async () => {
    const signed = await preview(NARROW);
    const lossy: OwnSession = {
      ...inside,
      text: async (sql) => {
        const answer = await inside.text(sql);
        if (sql === "COMMIT") throw new Error("connection lost");
        return answer;
      },
    };
    expect(await run(NARROW, signed, { inside: lossy })).toEqual({ end: "committed", value: "done" });
    expect(await left()).toEqual({ executives: 17, trail: 3 });
  });

  it("with nobody to ask: unknown, and it is said so", async () => {
    const signed = await preview(NARROW);
    let opened = 0;
    const unreachable = async (): Promise<OwnSession> => {
      opened += 1;
      if (opened > 1) throw new Error("not reached");
      return await open();
    };
    const lossy: OwnSession = {
      ...inside,
      text: async (sql) => {
        if (sql === "COMMIT") throw new Error("connection lost");
        return await inside.text(sql);
      },
    };
    const ended = await run(NARROW, signed, { inside: lossy, open: unreachable });
    expect(ended).toEqual({ end: "unknown", transaction: expect.stringMatching(/^\d+$/) });
    await inside.text("ROLLBACK");
  });
});

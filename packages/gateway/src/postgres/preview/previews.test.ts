import { type Preview, type UpstreamTerms, relationResource } from "@countersign/core";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Enforced, enforcedPoint } from "../../mcp/testing/enforced-point.ts";
import type { StatementFacts, Verdict } from "../judge/verdict.ts";
import { openSession } from "./connection.ts";
import { type HeldStatement, Previews } from "./previews.ts";

const FACTS: StatementFacts = {
  kind: "DeleteStmt",
  text: "",
  effect: "destructive",
  relations: [],
  unqualified: false,
  transaction: null,
  copy: null,
  prepares: null,
  executes: null,
  deallocates: null,
  declares: null,
  fetches: null,
  closes: null,
  channel: null,
  settings: [],
  changesCatalogue: false,
  previewable: true,
  notPreviewable: null,
};
const BILLING: UpstreamTerms = {
  kind: "postgres",
  url: "postgres://db.example:5432/billing",
  password: null,
  tls: "verify-full",
  critical: ["sql:billing/public.executives"],
  masking: {},
  recording: "durable",
  limits: {},
};

let postgres: Postgres;
let address: Parameters<typeof openSession>[0];
beforeAll(async () => {
  postgres = await startPostgres();
  const { hostname, port } = new URL(await postgres.url("billing"));
  address = {
    host: hostname,
    port: Number(port),
    user: "task_role",
    password: "task",
    database: "billing",
    tls: false,
  };
  await postgres.query(
    `CREATE TABLE executives (id int PRIMARY KEY, name text); INSERT INTO executives SELECT i, 'x' FROM generate_series(1, 1200) i;
     CREATE VIEW names AS SELECT name FROM executives; CREATE TABLE notes (executive int REFERENCES executives);
     CREATE TABLE hidden (id int); INSERT INTO hidden VALUES (1);
     CREATE ROLE task_role LOGIN PASSWORD 'task'; GRANT SELECT, DELETE, TRUNCATE ON executives, notes TO task_role`,
    "billing",
  );
});
afterAll(async () => await postgres.stop());

const previewsOf = ({ point }: Enforced): Previews => new Previews({ point, monotonicMs: () => performance.now() });
const heldOf = (here: Enforced, sql: string, facts: Partial<StatementFacts> = {}): HeldStatement => {
  const statements = [{ ...FACTS, text: sql, ...facts }];
  const verdict: Verdict = {
    verdict: "known",
    reason: null,
    fault: null,
    effect: "destructive",
    effects: ["destructive"],
    reads: [],
    writes: ["public.executives"],
    functions: [],
    statements,
  };
  const { chain, key } = here.credential;
  return {
    claims: { ok: true, chain, jkt: key.jkt, agentProof: "declared" },
    call: {
      upstream: "billing",
      method: "sql",
      tool: "statement",
      toolDefinitionHash: null,
      action: "sql:billing/destructive",
      resource: relationResource("billing", "public", "executives"),
      effect: "destructive",
      arguments: { sql, unqualified: true },
    },
    verdict,
    statement: { text: sql, parameters: [] },
    session: { searchPath: ["public"], settings: {} },
    open: async () => await openSession(address),
  };
};
const here = async (): Promise<Enforced> => {
  const enforced = await enforcedPoint();
  enforced.put("upstream", "billing", BILLING);
  return enforced;
};
const signal = new AbortController().signal;
const linesOf = (preview: Preview | null): unknown =>
  preview === null || preview.kind === "unknown"
    ? preview
    : preview.relations.map(({ operation, relation, count }) => `${operation} ${relation} ${String(count)}`);

describe("a preview", () => {
  it("is an action of its own, on record with the commitment to what it found, of a critical relation too", async () => {
    const on = await here();
    const preview = await previewsOf(on).preview(heldOf(on, "DELETE FROM executives"), signal);
    expect(linesOf(preview)).toEqual(["delete public.executives 1200"]);
    expect(on.control.entries.map(({ kind, action, outcome }) => [kind, action, outcome?.status])).toEqual([
      ["action.intent", "sql:billing/preview", undefined],
      ["action.outcome", "sql:billing/preview", "ok"],
    ]);
    expect(on.control.entries[1]?.outcome?.resultCommitment).toMatch(/^[\w-]{43}$/);
  });

  it("is none where the task may not have it, where it is stopped, and where nothing can be recorded", async () => {
    const ended = await here();
    ended.endTask();
    expect(await previewsOf(ended).preview(heldOf(ended, "DELETE FROM executives"), signal)).toEqual({
      kind: "unknown",
      reason: "the task may not have it looked at (task.ended)",
    });
    const frozen = await here();
    await frozen.freeze();
    expect(await previewsOf(frozen).preview(heldOf(frozen, "DELETE FROM executives"), signal)).toMatchObject({
      reason: "the task may not have it looked at (brake.frozen)",
    });
    const unrecorded = await here();
    unrecorded.control.failing = true;
    expect(await previewsOf(unrecorded).preview(heldOf(unrecorded, "DELETE FROM executives"), signal)).toMatchObject({
      kind: "unknown",
    });
  });

  it("is made one at a time, and not too often", async () => {
    const on = await here();
    const previews = previewsOf(on);
    const held = heldOf(on, "DELETE FROM executives WHERE id = 1");
    const both = await Promise.all([previews.preview(held, signal), previews.preview(held, signal)]);
    expect(both[1]).toEqual({ kind: "unknown", reason: "another statement of this task is being looked at" });
    const more: (Preview | null)[] = [];
    for (let i = 0; i < 5; i += 1) more.push(await previews.preview(held, signal));
    expect(more.map((one) => one?.kind)).toEqual(["measured", "measured", "measured", "measured", "unknown"]);
    expect(more.at(-1)).toEqual({ kind: "unknown", reason: "the task asks too often" });
  });

  it("is none of what only reads, and unknown with its reason for what cannot be run on trial", async () => {
    const on = await here();
    const previews = previewsOf(on);
    const held = heldOf(on, "SELECT 1");
    expect(await previews.preview({ ...held, verdict: { ...held.verdict, effect: "read" } }, signal)).toBeNull();
    const call = { kind: "CallStmt", previewable: false, notPreviewable: "it calls `public.f`" };
    expect(await previews.preview(heldOf(on, "CALL f()", call), signal)).toEqual({
      kind: "unknown",
      reason: "it calls `public.f`",
    });
    const two = { ...held.verdict, statements: [FACTS, FACTS] };
    expect(await previews.preview({ ...held, verdict: two }, signal)).toMatchObject({
      reason: "it is not one statement",
    });
  });
});

describe("TRUNCATE and DDL", () => {
  const touch = (operation: "truncate" | "drop", ...names: string[]): StatementFacts["relations"] =>
    names.map((relation) => ({ relation, operation, direct: true, unqualified: false }));

  it("are never run: rows are counted, and what depends on what is dropped is listed", async () => {
    const on = await here();
    const previews = previewsOf(on);
    const truncate = {
      kind: "TruncateStmt",
      previewable: false,
      relations: touch("truncate", "public.executives", "public.notes"),
    };
    const emptied = await previews.preview(heldOf(on, "TRUNCATE executives CASCADE", truncate), signal);
    expect(emptied?.kind).toBe("counted");
    expect(linesOf(emptied)).toEqual(["truncate public.executives 1200", "truncate public.notes 0"]);
    const drop = { kind: "DropStmt", previewable: false, relations: touch("drop", "public.executives") };
    const dropped = await previews.preview(heldOf(on, "DROP TABLE executives CASCADE", drop), signal);
    expect(linesOf(dropped)).toEqual([
      "drop public.executives 1200",
      expect.stringContaining("constraint notes_executive_fkey on table notes"),
      expect.stringContaining("view names"),
    ]);
    const [left] = await postgres.query("SELECT count(*)::int AS n FROM executives", "billing");
    expect(left).toEqual({ n: 1200 });
  });

  it("say what they could not count", async () => {
    const on = await here();
    const drop = { kind: "DropStmt", previewable: false, relations: touch("drop", "public.hidden", "public.nothing") };
    const preview = await previewsOf(on).preview(heldOf(on, "DROP TABLE hidden, nothing", drop), signal);
    expect(preview).toMatchObject({
      kind: "counted",
      relations: [
        { relation: "public.hidden", unseen: "not counted: the role of the task may not read it" },
        { relation: "public.nothing", unseen: "there is no such relation yet" },
      ],
    });
  });
});

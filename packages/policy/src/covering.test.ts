import { type Grant, type PostgresTerms, type StateRecord, databaseResource } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { limitsOf } from "./covering.ts";
import type { DecideInput } from "./decide-input.ts";
import { decide } from "./decide.ts";
import { call, changed, facts, input, mandateRecord } from "./testing/fixtures.ts";

const TERMS: PostgresTerms = {
  kind: "postgres",
  url: "postgres://db.example:5432/billing",
  password: null,
  tls: "verify-full",
  critical: [],
  masking: {},
  recording: "durable",
  limits: { rowsRead: 1000, statementMs: 60_000 },
};
const database: StateRecord<"upstream"> = {
  kind: "upstream",
  id: "billing",
  version: 1,
  terms: TERMS,
  state: { status: "active" },
  authority: null,
};
const READ: Grant = { action: "sql:billing/read", resource: "sql:billing/public.*" };
const good = facts();

function asked(
  resource: string,
  grants: readonly Grant[] = [READ],
  more: Partial<DecideInput["call"]> = {},
): DecideInput {
  return input({
    call: call({
      upstream: "billing",
      method: "sql",
      tool: "statement",
      toolDefinitionHash: null,
      action: "sql:billing/read",
      effect: "read",
      resource,
      ...more,
    }),
    facts: facts({
      upstream: database,
      task: changed(good.task, { grants }),
      agent: changed(good.agent, { scope: [READ] }),
    }),
  });
}

describe("statements", () => {
  it("pass on a relation that a grant covers, and on none at all where any relation of the database is granted", () => {
    expect(decide(asked("sql:billing/public.people"))).toMatchObject({ result: "permit" });
    expect(decide(asked(databaseResource("billing")))).toMatchObject({ result: "permit" });
  });

  it.each([
    ["another schema", asked("sql:billing/secret.people")],
    ["another effect", asked("sql:billing/public.people", [READ], { action: "sql:billing/write", effect: "write" })],
    [
      "a whole schema that a grant names one relation of",
      asked("sql:billing/public.*", [{ ...READ, resource: "sql:billing/public.people" }]),
    ],
    ["no relation, under a grant of another database", asked("sql:billing/", [{ ...READ, resource: "sql:ledger/**" }])],
    ["no relation, under a grant of files", asked("sql:billing/", [{ ...READ, resource: "file:/srv/**" }])],
  ])("are refused: %s", (_, refused) => {
    expect(decide(refused)).toMatchObject({ result: "deny", code: "grant.missing" });
  });

  it("are for databases alone, and databases for them alone", () => {
    const ALL = [{ action: "**", resource: "**" }];
    const both = { task: changed(good.task, { grants: ALL }), agent: changed(good.agent, { scope: ALL }) };
    const tool = input({
      call: call({ upstream: "billing", toolDefinitionHash: null }),
      facts: facts({ ...both, upstream: database }),
    });
    expect(decide(tool)).toMatchObject({
      code: "upstream.unknown",
      reason: expect.stringContaining("statements alone") as string,
    });
    const statement = input({ call: call({ method: "sql.preview" }), facts: facts(both) });
    expect(decide(statement)).toMatchObject({
      code: "upstream.unknown",
      reason: expect.stringContaining("no statements") as string,
    });
  });

  it("have no definition: a changed one is refused all the same", () => {
    expect(decide({ ...asked("sql:billing/public.people"), definitionChanged: true })).toMatchObject({
      code: "tool.definition_changed",
    });
    const other = asked("sql:billing/public.people", [READ], { toolDefinitionHash: "h" });
    expect(decide(other)).toMatchObject({ code: "tool.definition_changed" });
  });
});

describe("limitsOf", () => {
  it("is the least of upstream and every covering grant, at each level", () => {
    const { call: statement, facts: known } = asked("sql:billing/public.people", [
      { ...READ, limits: { rowsRead: 50, relations: 3 } },
      { ...READ, resource: "sql:billing/**", limits: { rowsRead: 70, relations: 2 } },
      { action: "sql:billing/write", resource: "**", limits: { rowsRead: 1 } },
    ]);
    expect(limitsOf({ call: statement, facts: known })).toEqual({ rowsRead: 50, relations: 2, statementMs: 60_000 });
    const scope = [{ ...READ, limits: { statementMs: 5 } }];
    const narrow = { ...known, agent: changed(good.agent, { scope }) };
    expect(limitsOf({ call: statement, facts: narrow })).toMatchObject({ statementMs: 5 });
  });

  it("counts the mandate of unattended work, and each relation of a statement", () => {
    const mandate = mandateRecord();
    const { call: statement, facts: known } = asked("sql:billing/public.a");
    const unattended = {
      ...known,
      task: changed(known.task, { session: null, mandate: mandate.id }),
      mandate: changed(mandate, { grants: [{ ...READ, resource: "sql:billing/public.b", limits: { rowsRead: 3 } }] }),
    };
    expect(limitsOf({ call: statement, facts: unattended }).rowsRead).toBe(1000);
    const both = { ...statement, resources: ["sql:billing/public.a", "sql:billing/public.b"] };
    expect(limitsOf({ call: both, facts: unattended }).rowsRead).toBe(3);
  });
});

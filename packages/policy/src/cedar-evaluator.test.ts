import { isAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import type { JsonObject } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePolicies } from "./cedar-compile.ts";
import { createCedarEvaluator } from "./cedar-evaluator.ts";
import { type CedarRequest, WHOLE_SET } from "./evaluator.ts";
import { evaluatorOf, parsed, request } from "./testing/fixtures.ts";

const ask = (text: string, callArguments: JsonObject = {}, change: Partial<CedarRequest> = {}) =>
  evaluatorOf(text).evaluate(request(change, callArguments));
const when = (condition: string): string => `@id("p") permit (principal, action, resource) when { ${condition} };`;
const satisfied = (condition: string, callArguments: JsonObject = {}): boolean => {
  const { permits, errors } = ask(when(condition), callArguments);
  expect(errors).toEqual([]);
  return permits.length === 1;
};

describe("the evaluator", () => {
  it("names every satisfied permit, forbid and hold, and every failed policy", () => {
    const evaluation = ask(
      `
      @id("p1") permit (principal, action, resource);
      @id("p2") permit (principal, action in Action::"write", resource);
      @id("p3") permit (principal, action in Action::"read", resource);
      @id("f1") forbid (principal, action, resource);
      @id("h1") @hold("wait") forbid (principal, action == Action::"mcp:files/write_file", resource);
      @id("e1") forbid (principal, action, resource) when { context.arguments has n && context.arguments.n < 3 };
      @id("e2") permit (principal, action, resource) when { context.arguments has n && context.arguments.n < 3 };
    `,
      { n: "not a number" },
    );
    expect(evaluation.permits).toEqual(["p1", "p2"]);
    expect(evaluation.forbids).toEqual(["f1", "h1"]);
    expect(evaluation.errors.map(({ policyId }) => policyId)).toEqual(["e1", "e2"]);
  });

  it("knows the attributes of principal, resource and context", () => {
    expect(satisfied('principal.owner == Human::"hum_0000000000000000000001" && principal.name == "coder"')).toBe(true);
    expect(satisfied('principal in Human::"hum_0000000000000000000001"')).toBe(true);
    expect(satisfied('principal in Human::"hum_0000000000000000000002"')).toBe(false);
    expect(satisfied('resource.name like "file:/srv/*.json"')).toBe(true);
    expect(satisfied('context.effect == "write" && context.risk < 4 && context.agentProof == "declared"')).toBe(true);
    expect(satisfied('context.tool == "write_file" && context.upstream == "files"')).toBe(true);
    expect(
      satisfied(
        'context.device.tier == "software" && context.device.level == "enrolled" && context.device.os == "linux"',
      ),
    ).toBe(true);
    expect(satisfied('context.device.id == Device::"dev_0000000000000000000001"')).toBe(true);
    expect(satisfied('context.task has purpose && context.task.purpose like "*records"')).toBe(true);
    expect(satisfied("context.task.openedAt < context.now && context.now < context.task.expiresAt")).toBe(true);
    expect(satisfied('context.now.toTime() == duration("12h")')).toBe(true);
  });

  it("gives device facts that are known, and no others", () => {
    expect(satisfied("context.device.facts has diskEncrypted && context.device.facts.diskEncrypted")).toBe(true);
    expect(satisfied("context.device.facts has screenLock")).toBe(false);
    expect(satisfied("context.device.facts has toString")).toBe(false);
  });

  it.each([
    ["file:/srv", true],
    ["file:/srv/records", true],
    ["file:/srv/", true],
    ["file:", true],
    ["file:/srv/records/executives.json", true],
    ["file:/srv/rec", false],
    ["file:/etc", false],
  ])("takes a resource for a part of `%s`: %s", (root, expected) => {
    expect(satisfied(`resource in Resource::"${root}"`)).toBe(expected);
    const scoped = ask(`permit (principal, action, resource in Resource::"${root}");`);
    expect(scoped.permits.length === 1).toBe(expected);
  });

  it("does not take a misspelt attribute or an absent one for false", () => {
    const { errors } = ask(
      `@id("f") forbid (principal, action, resource)
      when { context.arguments has a && context.arguments.a has b && context.arguments.a.b == 1 };`,
      { a: "a string" },
    );
    expect(errors.map(({ policyId }) => policyId)).toEqual(["f"]);
  });
});

describe("arguments in policies", () => {
  it("are typed by their canonical text", () => {
    expect(
      satisfied("context.arguments has n && context.arguments.n == 9007199254740991", { n: 9007199254740991 }),
    ).toBe(true);
    expect(
      satisfied("context.arguments has n && context.arguments.n > 9007199254740991", { n: 9007199254740994 }),
    ).toBe(true);
    expect(satisfied('context.arguments has n && context.arguments.n == decimal("1.5")', { n: 1.5 })).toBe(true);
    expect(satisfied('context.arguments has n && context.arguments.n.lessThan(decimal("1.2346"))', { n: 1.2345 })).toBe(
      true,
    );
    expect(satisfied("context.arguments has n", { n: null })).toBe(false);
    expect(satisfied('context.arguments has l && context.arguments.l.contains("a")', { l: ["b", "a"] })).toBe(true);
    expect(satisfied("context.arguments has l && context.arguments.l.contains([1, 2])", { l: [[2, 1]] })).toBe(true);
  });

  it("may carry names that objects inherit", () => {
    const own = JSON.parse('{"__proto__": 1, "toString": 2}') as JsonObject;
    const condition =
      'context.arguments has "__proto__" && context.arguments["__proto__"] == 1 && context.arguments has toString && context.arguments.toString == 2';
    expect(satisfied(condition, own)).toBe(true);
    expect(
      satisfied(
        'context.arguments has "__proto__" || context.arguments has toString || context.arguments has constructor',
      ),
    ).toBe(false);
  });

  const inexact: readonly (readonly [string, JsonObject])[] = [
    ["five decimals", { n: 1.23456 }],
    ["a number beyond i64", { n: 1e30 }],
    ["a set with null", { n: [null] }],
    ["an entity", { n: { __entity: { type: "Human", id: "hum_0000000000000000000001" } } }],
    ["an extension value", { n: { __extn: { fn: "decimal", arg: "1.0" } } }],
    ["an inexact member", { n: { m: 1.23456 } }],
  ];
  it.each(inexact)("fail a policy that names %s", (_name, callArguments) => {
    const failed = (condition: string): readonly string[] =>
      ask(`@id("f") forbid (principal, action, resource) when { ${condition} };`, callArguments).errors.map(
        ({ policyId }) => policyId,
      );
    expect(failed("context.arguments has n && context.arguments.n == 1")).toEqual(["f"]);
  });

  it("fail a policy that only asks whether an inexact number is there, but not whether a record or set is", () => {
    const text = '@id("f") forbid (principal, action, resource) when { context.arguments has n };';
    expect(ask(text, { n: 1.23456 }).errors.map(({ policyId }) => policyId)).toEqual(["f"]);
    expect(ask(text, { n: { m: 1.23456 } }).forbids).toEqual(["f"]);
    expect(ask(text, { n: [null] }).forbids).toEqual(["f"]);
  });

  it("fail no policy that names other paths, or is for other actions", () => {
    const text = `
      @id("a") permit (principal, action, resource) when { context.arguments has path && context.arguments.path like "/srv/*" };
      @id("b") permit (principal, action == Action::"mcp:bank/pay", resource) when { context.arguments has n && context.arguments.n < 3 };`;
    const evaluation = ask(text, { path: "/srv/x", n: 1.23456, m: { __entity: 1 } });
    expect(evaluation).toEqual({ permits: ["a"], forbids: [], errors: [] });
  });

  it("fail a policy that compares all arguments when any is inexact", () => {
    const text = '@id("f") forbid (principal, action, resource) when { context.arguments == {a: 1} };';
    expect(ask(text, { a: 1, b: 1.23456 }).errors.map(({ policyId }) => policyId)).toEqual(["f"]);
    expect(ask(text, { a: 1 }).forbids).toEqual(["f"]);
  });

  it("may be nested as deep as a call may be", () => {
    let deep: JsonObject = { a: 1.5 };
    for (let i = 0; i < 62; i += 1) deep = { a: deep };
    const text = '@id("f") forbid (principal, action, resource) when { context.arguments == {a: 1} };';
    expect(ask(text, deep)).toEqual({ permits: [], forbids: [], errors: [] });
  });
});

describe("whatever breaks the engine", () => {
  const text =
    '@id("p") permit (principal, action, resource) when { context.arguments has n && context.arguments.n == "x" };';
  it.each<[string, JsonObject]>([
    ["a value that is not JSON", { n: 1n } as unknown as JsonObject],
    ["a lone surrogate", { n: "\ud800" }],
  ])("%s is an error, and the next call works", (_name, callArguments) => {
    const evaluator = evaluatorOf(text);
    const broken = evaluator.evaluate(request({}, callArguments));
    expect(broken.permits).toEqual([]);
    expect(broken.errors.length).toBeGreaterThan(0);
    expect(evaluator.evaluate(request({}, { n: "x" })).permits).toEqual(["p"]);
  });

  it("is an error of the whole set", () => {
    const context = { ...request().context, now: Number.NaN };
    const evaluator = evaluatorOf(
      'permit (principal, action, resource) when { context.now < datetime("2030-01-01") };',
    );
    expect(evaluator.evaluate(request({ context })).errors).toEqual([
      { policyId: WHOLE_SET, message: "the engine failed" },
    ]);
  });

  it("more sets than names: each evaluator still answers by its own policies", () => {
    const evaluators = Array.from({ length: 9 }, (_, i) =>
      evaluatorOf(`@id("set${String(i)}") permit (principal, action, resource);`),
    );
    for (const round of [0, 1]) {
      for (const [i, evaluator] of evaluators.entries()) {
        expect(evaluator.evaluate(request()).permits, `round ${String(round)}`).toEqual([`set${String(i)}`]);
      }
    }
  });

  it("a set that Cedar does not take is not loaded", () => {
    const set = parsed("permit (principal, action, resource);");
    const [policy] = set.policies;
    if (policy === undefined) throw new Error("no policy");
    const damaged = { ...policy, est: { ...policy.est, principal: { op: "nonsense" } } } as never;
    expect(() => createCedarEvaluator({ ...set, policies: [damaged] })).toThrow("policy");
  });
});

const CONDITIONS = [
  "true",
  "context.risk < 5",
  'context.effect == "write"',
  'context.arguments has path && context.arguments.path like "/srv/*"',
  "context.arguments has n && context.arguments.n < 10",
  "context.arguments has box && context.arguments.box has n && context.arguments.box.n == 1",
  "context.arguments has box.n",
  'context.arguments has list && context.arguments.list.contains("a")',
  "context.device.facts has diskEncrypted && context.device.facts.diskEncrypted",
  'context.device.tier == "hardware"',
  'context.task has purpose && context.task.purpose like "tidy*"',
  'principal.name == "coder"',
  'principal in Human::"hum_0000000000000000000001"',
  'principal.owner.owner.name == "hum_0000000000000000000001"',
  'resource.name like "file:/srv/*"',
  'resource in Resource::"file:/srv/records"',
  'action in [Action::"write", Action::"destructive"]',
  '(if context.risk < 5 then resource else Resource::"x").name like "file:*"',
  '(if context.risk > 5 then resource else Resource::"x").name like "file:*"',
];
const SCOPES = [
  "action",
  'action in Action::"write"',
  'action in [Action::"read", Action::"write"]',
  'action == Action::"mcp:files/write_file"',
];
const policyText = fc
  .record({
    effect: fc.constantFrom("permit", "forbid"),
    principal: fc.constantFrom("principal", "principal is Agent", 'principal in Human::"hum_0000000000000000000001"'),
    action: fc.constantFrom(...SCOPES),
    conditions: fc.uniqueArray(fc.constantFrom(...CONDITIONS), { maxLength: 3 }),
    kind: fc.constantFrom("when", "unless"),
  })
  .map(({ effect, principal, action, conditions, kind }) => {
    const clauses = conditions.map((condition) => ` ${kind} { ${condition} }`).join("");
    return `${effect} (${principal}, ${action}, resource)${clauses};`;
  });
const argumentValues = fc.record(
  {
    path: fc.constantFrom("/srv/x", "/etc/x", 3),
    n: fc.constantFrom(3, 30, "x"),
    box: fc.constantFrom({ n: 1, m: 2 }, { m: 2 }, "no box"),
    list: fc.constantFrom(["a", "b"], [], "a"),
    unread: fc.constantFrom("x", 1),
  },
  { requiredKeys: [] },
);

/** The same question to Cedar itself: the set as it was written, everything that we know in the request. */
function wholeCall(text: string, asked: CedarRequest, callArguments: JsonObject): Parameters<typeof isAuthorized>[0] {
  const { principal, context } = asked;
  const owner = { type: "Human", id: principal.owner };
  const date = (time: string): object => ({ __extn: { fn: "datetime", arg: time } });
  const whole = {
    now: date(new Date(context.now).toISOString()),
    effect: asked.effect,
    risk: context.risk,
    agentProof: context.agentProof,
    tool: context.tool,
    upstream: context.upstream,
    device: { tier: context.device.tier, level: "enrolled", os: "linux", facts: { diskEncrypted: true } },
    task: { purpose: context.task.purpose, openedAt: date(context.task.openedAt) },
    arguments: callArguments,
  };
  const uid = { type: "Resource", id: asked.resource };
  return {
    principal: { type: "Agent", id: principal.id },
    action: { type: "Action", id: asked.action },
    resource: uid,
    context: whole as never,
    policies: { staticPolicies: text },
    entities: [
      { uid: { type: "Action", id: asked.action }, attrs: {}, parents: [{ type: "Action", id: asked.effect }] },
      {
        uid: { type: "Agent", id: principal.id },
        attrs: { owner: { __entity: owner }, name: principal.name },
        parents: [owner],
      },
      { uid: owner, attrs: { owner: { __entity: owner }, name: owner.id }, parents: [] },
      { uid, attrs: { name: asked.resource }, parents: [{ type: "Resource", id: "file:/srv/records" }] },
    ],
  };
}

describe("against Cedar with the whole request", () => {
  it("gives the same answer from the part that policies read", () => {
    fc.assert(
      fc.property(fc.array(policyText, { minLength: 1, maxLength: 4 }), argumentValues, (texts, callArguments) => {
        const asked = request({}, callArguments);
        const text = texts.join("\n");
        const compiled = compilePolicies(text, { policies: 10, nesting: 64 });
        fc.pre(compiled.ok);
        const ours = createCedarEvaluator(compiled.set).evaluate(asked);
        const answer = isAuthorized(wholeCall(text, asked, callArguments));
        if (answer.type !== "success") throw new Error(answer.errors[0]?.message ?? "");
        const { decision, diagnostics } = answer.response;
        const deciding = ours.forbids.length > 0 ? ours.forbids : ours.permits;
        expect(ours.errors.map(({ policyId }) => policyId)).toEqual(
          diagnostics.errors.map(({ policyId }) => policyId).sort(),
        );
        expect(decision).toBe(ours.forbids.length === 0 && ours.permits.length > 0 ? "allow" : "deny");
        expect(deciding).toEqual([...diagnostics.reason].sort());
      }),
      { numRuns: 100 },
    );
  });
});

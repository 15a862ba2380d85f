import { describe, expect, it } from "vitest";
import { Entities } from "./entities.ts";
import { parseExactJson } from "./testing/exact-json.ts";
import { recordOf, valueOf } from "./json-value.ts";
import { matcher } from "./pattern.ts";
import { type PolicySetJson, compilePolicySet } from "./testing/compile-policy-set.ts";
import { readSchema } from "./testing/read-schema.ts";

const ALL = { op: "All" } as const;
const permit = (body: unknown): object => ({
  effect: "permit",
  principal: ALL,
  action: ALL,
  resource: ALL,
  conditions: [{ kind: "when", body }],
});
const value = (json: unknown): object => ({ Value: json });
const binary = (operator: string, left: unknown, right: unknown): object => ({ [operator]: { left, right } });
const attribute = (left: unknown, attr: string): object => ({ ".": { left, attr } });
const CONTEXT = { Var: "context" };

function ask(policies: Readonly<Record<string, object>>, context: unknown = {}, store: Entities = Entities.read([])) {
  const set = compilePolicySet({ staticPolicies: policies } as PolicySetJson);
  return set.authorize({
    principal: store.find("User", "alice"),
    action: store.find("Action", "view"),
    resource: store.find("Doc", "1"),
    context: recordOf(context, store.find),
    entityOf: store.find,
  });
}
const outcome = (body: unknown, context: unknown = {}, store?: Entities): string => {
  const { decision, errors } = ask({ p: permit(body) }, context, store);
  return errors.length > 0 ? "error" : decision;
};

describe("integers", () => {
  it("are exact over all 64 bits, and leaving them is an error", () => {
    const most = 2n ** 63n - 1n;
    expect(outcome(binary("==", binary("+", value(most - 1n), value(1)), value(most)))).toBe("allow");
    expect(outcome(binary("<", value(2n ** 53n), value(2n ** 53n + 1n)))).toBe("allow");
    expect(outcome(binary("==", binary("-", value(2n ** 53n + 1n), value(2)), value(2 ** 53 - 1)))).toBe("allow");
    expect(outcome(binary("==", binary("+", value(most), value(1)), value(0)))).toBe("error");
    expect(outcome(binary("==", { neg: { arg: value(-(2n ** 63n)) } }, value(0)))).toBe("error");
    expect(outcome(binary("==", binary("*", value(3_037_000_500), value(3_037_000_500)), value(0)))).toBe("error");
  });

  it("are read exactly from JSON, and fractions are none", () => {
    expect(parseExactJson('{"n":9007199254740993,"m":1.5}')).toEqual({ n: 9_007_199_254_740_993n, m: 1.5 });
    expect(() => valueOf(1.5, Entities.read([]).find)).toThrow("none that Cedar has");
    expect(() => valueOf(2n ** 63n, Entities.read([]).find)).toThrow("64 bits");
  });
});

describe("names that every object has", () => {
  it.each(["toString", "__proto__", "constructor", "hasOwnProperty"])(
    "`%s` is there only when it was given",
    (name) => {
      const has = { has: { left: CONTEXT, attr: name } };
      expect(outcome(has)).toBe("deny");
      expect(outcome(has, JSON.parse(`{"${name}":1}`))).toBe("allow");
      expect(outcome(binary("==", attribute(CONTEXT, name), value(1)))).toBe("error");
      expect(outcome({ has: { left: { Var: "principal" }, attr: name } })).toBe("deny");
    },
  );
});

describe("a policy that fails", () => {
  it("is named, and the others are still asked", () => {
    const fails = permit(attribute(CONTEXT, "missing"));
    const answer = ask({ a: fails, b: permit(value(true)), c: { ...fails, effect: "forbid" } });
    expect(answer.decision).toBe("allow");
    expect(answer.reason).toEqual(["b"]);
    expect(answer.errors.map(({ policyId }) => policyId)).toEqual(["a", "c"]);
  });

  it("says nothing of values", () => {
    const { errors } = ask({ p: permit(binary("<", attribute(CONTEXT, "secret"), value(1))) }, { secret: "hunter2" });
    expect(errors[0]?.error.message).toBe("values have no order");
  });
});

describe("sets and records", () => {
  it("are equal by what is in them, in any order, however deep", () => {
    const deep = (levels: number): unknown => (levels === 0 ? [2, 1] : { a: deep(levels - 1), b: [deep(0)] });
    const other = (levels: number): unknown => (levels === 0 ? [1, 2, 1] : { b: [deep(0)], a: other(levels - 1) });
    const context = { x: deep(50), y: other(50) };
    expect(outcome(binary("==", attribute(CONTEXT, "x"), attribute(CONTEXT, "y")), context)).toBe("allow");
  });

  it("keep what looks alike apart", () => {
    const pairs: [unknown, unknown][] = [
      [["1,2"], ["1", "2"]],
      [[1], ["1"]],
      [[true], ["true"]],
      [{ "a:1": 2 }, { a: "1:2" }],
      [
        [["a"], "b"],
        ["a", ["b"]],
      ],
    ];
    for (const [x, y] of pairs)
      expect(outcome(binary("==", attribute(CONTEXT, "x"), attribute(CONTEXT, "y")), { x, y }), JSON.stringify(x)).toBe(
        "deny",
      );
  });
});

describe("size", () => {
  it("long chains cost no stack", () => {
    let sum: object = value(0);
    let both: object = value(true);
    for (let i = 0; i < 20_000; i += 1) {
      sum = binary("+", sum, value(1));
      both = i % 2 === 0 ? binary("&&", both, value(true)) : binary("&&", value(true), both);
    }
    expect(outcome(both)).toBe("allow");
    expect(outcome(binary("==", sum, value(20_000)))).toBe("allow");
  });

  it("deep nesting is refused when it is compiled", () => {
    let deep: object = value(true);
    for (let i = 0; i < 10_000; i += 1) deep = { "!": { arg: deep } };
    expect(() => outcome(deep)).toThrow("nested too deeply");
  });

  it("a pattern of many wildcards reads its text once for each", () => {
    const many = Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? ("Wildcard" as const) : { Literal: "a" }));
    expect(matcher([...many, { Literal: "b" }])("a".repeat(100_000))).toBe(false);
  });
});

describe("entities", () => {
  it("lie within what their parents lie in", () => {
    const parents = (id: string) => [{ type: "Group", id }];
    const store = Entities.read([
      { uid: { type: "User", id: "alice" }, parents: parents("a") },
      { uid: { type: "Group", id: "a" }, parents: parents("b") },
      { uid: { type: "Group", id: "b" }, parents: parents("c") },
    ]);
    const within = (id: string) =>
      outcome(binary("in", { Var: "principal" }, value({ __entity: { type: "Group", id } })), {}, store);
    expect([within("a"), within("c"), within("d")]).toEqual(["allow", "allow", "deny"]);
  });

  it("in a circle, and twice the same, are refused", () => {
    const group = (id: string, above: string) => ({
      uid: { type: "Group", id },
      parents: [{ type: "Group", id: above }],
    });
    expect(() => Entities.read([group("a", "b"), group("b", "a")])).toThrow("none that Cedar has");
    expect(() => Entities.read([group("a", "b"), group("a", "c")])).toThrow("none that Cedar has");
  });

  it("and contexts are read as their schema says", () => {
    const schema = readSchema({
      N: {
        commonTypes: { Address: { type: "Extension", name: "ipaddr" } },
        entityTypes: {
          User: {
            shape: {
              type: "Record",
              attributes: { boss: { type: "Entity", name: "User" }, from: { type: "Address" } },
            },
          },
        },
        actions: { view: { memberOf: [{ id: "any" }] }, any: {} },
      },
    });
    const json = { uid: { type: "N::User", id: "1" }, attrs: { boss: { type: "N::User", id: "2" }, from: "10.0.0.1" } };
    const store = Entities.read([json], schema);
    const user = { Value: { __entity: { type: "N::User", id: "1" } } };
    expect(outcome({ is: { left: attribute(user, "boss"), entity_type: "N::User" } }, {}, store)).toBe("allow");
    expect(outcome({ isIpv4: [attribute(user, "from")] }, {}, store)).toBe("allow");
    const action = (id: string) => ({ Value: { __entity: { type: "N::Action", id } } });
    expect(outcome(binary("in", action("view"), action("any")), {}, store)).toBe("allow");
  });
});

describe("templates", () => {
  it("are filled by each link", () => {
    const template = { ...permit(value(true)), principal: { op: "==", slot: "?principal" } };
    const link = (id: string) => ({
      templateId: "t",
      newId: `link-${id}`,
      values: { "?principal": { __entity: { type: "User", id } } },
    });
    const set = compilePolicySet({
      templates: { t: template },
      templateLinks: [link("alice"), link("bob")],
    } as unknown as PolicySetJson);
    const store = Entities.read([]);
    const env = {
      action: store.find("Action", "view"),
      resource: store.find("Doc", "1"),
      context: recordOf({}, store.find),
      entityOf: store.find,
    };
    expect(set.authorize({ ...env, principal: store.find("User", "bob") }).reason).toEqual(["link-bob"]);
    expect(set.authorize({ ...env, principal: store.find("User", "carol") }).decision).toBe("deny");
  });
});

import { readFileSync } from "node:fs";
import { isAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import { Entities } from "../../packages/policy/src/cedar/entities.ts";
import { recordOf } from "../../packages/policy/src/cedar/json-value.ts";
import { compilePolicySet } from "../../packages/policy/src/cedar/testing/compile-policy-set.ts";
import type { Tally } from "../main.ts";
import { policySetOf } from "./policies.ts";

const CASES = new URL("expressions.txt", import.meta.url);
const user = (id: string): object => ({ __entity: { type: "User", id } });

const ENTITIES = [
  {
    uid: { type: "User", id: "alice" },
    attrs: {
      age: 30,
      name: "Alice",
      mgr: user("bob"),
      tags: ["a", "b"],
      rec: { x: 1, y: { z: "q" } },
      d: { __extn: { fn: "decimal", arg: "1.50" } },
    },
    parents: [{ type: "Group", id: "g" }],
    tags: { t1: "v1" },
  },
  { uid: { type: "User", id: "bob" }, attrs: { age: 40 }, parents: [] },
  { uid: { type: "Group", id: "g" }, attrs: {}, parents: [{ type: "Group", id: "top" }] },
  { uid: { type: "Group", id: "top" }, attrs: {}, parents: [] },
  { uid: { type: "Action", id: "view" }, attrs: {}, parents: [{ type: "Action", id: "all" }] },
];
const CONTEXT = {
  n: 5,
  s: "hello",
  b: true,
  set: [1, 2, "x"],
  big: Number.MAX_SAFE_INTEGER,
  e: user("alice"),
  ghost: user("nobody"),
  r: { toString: 1 },
  ip: { __extn: { fn: "ip", arg: "10.0.0.1/24" } },
};
const REQUEST = {
  principal: { type: "User", id: "alice" },
  action: { type: "Action", id: "view" },
  resource: { type: "Doc", id: "d" },
};

/** One line each: what is expected (`true`, `false`, `error`), and an expression. Both engines must give it. */
export function runExpressions(): Tally {
  const store = Entities.read(ENTITIES);
  const at = ({ type, id }: { type: string; id: string }): ReturnType<typeof store.find> => store.find(type, id);
  const { principal, action, resource } = REQUEST;
  const environment = {
    principal: at(principal),
    action: at(action),
    resource: at(resource),
    context: recordOf(CONTEXT, store.find),
    entityOf: store.find,
  };
  const tally = { passed: 0, failed: 0 };
  for (const line of readFileSync(CASES, "utf8").trimEnd().split("\n")) {
    const [expected = ""] = line.split(/\s/, 1);
    const text = `permit(principal, action, resource) when { ${line.slice(expected.length).trim()} };`;
    const ours = outcome(compilePolicySet(policySetOf(text)).authorize(environment));
    const theirs = reference(text);
    if (ours === expected && theirs === expected) tally.passed += 1;
    else {
      tally.failed += 1;
      process.stdout.write(`FAIL ${line}: ours ${ours}, cedar-wasm ${theirs}\n`);
    }
  }
  return tally;
}

function outcome({ decision, errors }: { readonly decision: string; readonly errors: readonly unknown[] }): string {
  return errors.length > 0 ? "error" : String(decision === "allow");
}

function reference(text: string): string {
  const answer = isAuthorized({
    ...REQUEST,
    context: CONTEXT,
    entities: ENTITIES,
    policies: { staticPolicies: text },
  } as Parameters<typeof isAuthorized>[0]);
  if (answer.type === "failure") return "refused";
  const { decision, diagnostics } = answer.response;
  return outcome({ decision, errors: diagnostics.errors });
}

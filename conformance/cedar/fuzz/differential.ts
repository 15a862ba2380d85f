import { preparsePolicySet, preparseSchema, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import { Entities, type EntityJson } from "../../../packages/policy/src/cedar/entities.ts";
import { recordOf } from "../../../packages/policy/src/cedar/json-value.ts";
import { compilePolicySet } from "../../../packages/policy/src/cedar/testing/compile-policy-set.ts";
import { readSchema } from "../../../packages/policy/src/cedar/testing/read-schema.ts";
import type { Tally } from "../../main.ts";
import { Chance } from "../../../e2e/fault/chance.ts";
import { ACTIONS, type Name, type World, anyContext, anyWorld } from "./data.ts";
import { anyPolicySet } from "./policies.ts";

const REQUESTS_EACH = 24;
const SHOWN_FAULTS = 10;

interface Asked {
  readonly principal: Name;
  readonly action: Name;
  readonly resource: Name;
  readonly context: object;
}

/**
 * Generated schemas, entities, policy sets, templates and requests, well typed and ill typed: decision, determining and erroring policies
 * are compared with those of cedar-wasm. `seed` repeats a run.
 */
export function runDifferential({ comparisons, seed }: { readonly comparisons: number; readonly seed: number }): Tally {
  const chance = new Chance(seed);
  const tally = { passed: 0, failed: 0, allowed: 0, erred: 0 };
  process.stdout.write(
    `differential: ${comparisons.toLocaleString("en")} comparisons with cedar-wasm, seed ${String(seed)}\n`,
  );
  while (tally.passed + tally.failed < comparisons) {
    const world = anyWorld(chance);
    const policies = anyPolicySet(chance, world);
    const ask = asker(world, policies);
    for (let i = 0; i < REQUESTS_EACH; i += 1) {
      const name = (): Name => chance.one(world.names);
      const action = chance.one(ACTIONS);
      const asked = { principal: name(), action, resource: name(), context: anyContext(chance, world, action) };
      const [expected, ours] = ask(asked);
      if (expected.startsWith("allow")) tally.allowed += 1;
      if (!expected.endsWith("[]")) tally.erred += 1;
      if (expected === ours) tally.passed += 1;
      else {
        tally.failed += 1;
        if (tally.failed <= SHOWN_FAULTS)
          process.stdout.write(`FAIL ${ours} instead of ${expected}\n${shown({ policies, asked, world })}\n`);
      }
    }
  }
  const { allowed, erred } = tally;
  process.stdout.write(
    `  ${allowed.toLocaleString("en")} allowed, ${erred.toLocaleString("en")} with a failing policy\n`,
  );
  return tally;
}

/** Asks both engines; what each of them answers, as a text. */
function asker(world: World, policies: object): (asked: Asked) => readonly [string, string] {
  const theirs = reference(world, policies);
  const ours = compiled(world, policies);
  return (asked) => [theirs(asked), ours(asked)];
}

function reference(world: World, policies: object): (asked: Asked) => string {
  const parsed = preparsePolicySet("differential", raw(policies) as never);
  if (parsed.type === "failure") throw new Error(`a generated set was refused: ${parsed.errors[0]?.message ?? ""}`);
  if (world.schema !== null) {
    const schema = preparseSchema("differential", world.schema as never);
    if (schema.type === "failure")
      throw new Error(`a generated schema was refused: ${schema.errors[0]?.message ?? ""}`);
  }
  const entities = raw(world.entities);
  const typed = world.schema === null ? {} : { preparsedSchemaName: "differential" };
  return (asked) => {
    const call = {
      ...asked,
      context: raw(asked.context),
      entities,
      preparsedPolicySetId: "differential",
      ...typed,
      validateRequest: false,
    };
    const answer = statefulIsAuthorized(call as never);
    if (answer.type === "failure")
      throw new Error(`a generated request was refused: ${answer.errors[0]?.message ?? ""}`);
    const { decision, diagnostics } = answer.response;
    return told(
      decision,
      diagnostics.reason,
      diagnostics.errors.map(({ policyId }) => policyId),
    );
  };
}

function compiled(world: World, policies: object): (asked: Asked) => string {
  const schema = world.schema === null ? null : readSchema(world.schema);
  const entities = Entities.read(world.entities as EntityJson[], schema);
  const set = compilePolicySet(policies);
  return ({ principal, action, resource, context }) => {
    const at = ({ type, id }: Name): ReturnType<typeof entities.find> => entities.find(type, id);
    const answer = set.authorize({
      principal: at(principal),
      action: at(action),
      resource: at(resource),
      context: recordOf(context, entities.find, schema?.context(action.type, action.id) ?? null),
      entityOf: entities.find,
    });
    return told(
      answer.decision,
      answer.reason,
      answer.errors.map(({ policyId }) => policyId),
    );
  };
}

function told(decision: string, reason: readonly string[], errors: readonly string[]): string {
  return `${decision} by [${[...reason].sort().join(" ")}], failed [${[...errors].sort().join(" ")}]`;
}

/** The same value as cedar-wasm must be given it: whole integers as JSON text, since it makes JSON of what it gets. */
function raw(value: unknown): unknown {
  if (typeof value === "bigint") return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
  if (Array.isArray(value)) return value.map(raw);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, raw(member)]));
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === "bigint" ? `${String(member)}n` : member));
}

import { type DetailedError, validate } from "@cedar-policy/cedar-wasm/nodejs";
import { EFFECTS } from "@countersign/core";
import type { EntityRef, PolicyEst } from "./est.ts";
import { mergeNodes, shapeOf } from "./open-shape.ts";
import { type OpenNode, openTypesOf } from "./open-types.ts";
import type { ParsedPolicy, PolicyProblem } from "./parsed-policies.ts";
import { ANY_ACTION, type CedarType, schemaFor } from "./schema.ts";

export interface TypeReport {
  readonly problems: readonly PolicyProblem[];
  readonly warnings: readonly PolicyProblem[];
}
interface Batch {
  readonly policies: ParsedPolicy[];
  open: readonly OpenNode[];
}
const BATCH_SIZE = 250;

/**
 * Checks policies in Cedar's strict mode. Cedar knows no record of unknown shape, so `context.arguments` and device facts get, for the
 * check, the shape that the policies themselves assume: wrong operators, a missing `has` and misspelt fixed attributes are errors. A
 * policy whose own uses fit no one shape is not type-checked, and a warning says so. A `forbid` that can never apply is an error.
 */
export function checkTypes(policies: readonly ParsedPolicy[]): TypeReport {
  const problems: PolicyProblem[] = [];
  const warnings: PolicyProblem[] = [];
  const batches: Batch[] = [];
  for (const policy of policies) {
    const open = openTypesOf(policy.est);
    if (shapesOf(open) === null) {
      warnings.push(at(policy, "its arguments or device facts have no one type, so its types were not checked"));
      continue;
    }
    const last = batches.at(-1);
    const merged = last?.open.map((node, i) => mergeNodes(node, open[i] ?? node));
    if (last !== undefined && merged !== undefined && last.policies.length < BATCH_SIZE && shapesOf(merged) !== null) {
      last.policies.push(policy);
      last.open = merged;
    } else {
      batches.push({ policies: [policy], open });
    }
  }
  for (const batch of batches) checkBatch(batch, { problems, warnings });
  return { problems, warnings };
}

function checkBatch(batch: Batch, to: { problems: PolicyProblem[]; warnings: PolicyProblem[] }): void {
  const byId = new Map(batch.policies.map((policy) => [policy.id, policy]));
  const staticPolicies = Object.fromEntries(batch.policies.map(({ id, est }) => [id, anyAction(est) as never]));
  const schema = schemaFor(shapesOf(batch.open) ?? []) as never;
  const answer = validate({ schema, policies: { staticPolicies }, validationSettings: { mode: "strict" } });
  if (answer.type === "failure") {
    to.problems.push({ message: answer.errors[0]?.message ?? "the policies cannot be checked" });
    return;
  }
  const seen = new Set<string>();
  const add = (list: PolicyProblem[], policyId: string, error: DetailedError): void => {
    const message = messageOf(error);
    const policy = byId.get(policyId);
    if (seen.has(`${policyId} ${message}`)) return;
    seen.add(`${policyId} ${message}`);
    list.push(policy === undefined ? { message } : at(policy, message));
  };
  for (const { policyId, error } of answer.validationErrors) add(to.problems, policyId, error);
  for (const { policyId, error } of answer.validationWarnings) {
    const dead = error.message.includes("policy is impossible") && byId.get(policyId)?.effect === "forbid";
    add(dead ? to.problems : to.warnings, policyId, error);
  }
}

/** One clause: without the policy's name, which is told beside it, and the action of the environment in which Cedar found it. */
function messageOf(error: DetailedError): string {
  const message = error.message.replace(/^for policy `[^`]*`, /, "").replace(/ for Action::"[^"]*"/, "");
  const help = error.help === null ? "" : `; ${error.help}`;
  return `${message}${help}`.slice(0, 300);
}

function shapesOf(open: readonly OpenNode[]): readonly CedarType[] | null {
  const shapes = open.map(shapeOf).filter((shape) => shape !== null);
  return shapes.length === open.length ? shapes : null;
}

function at(policy: ParsedPolicy, message: string): PolicyProblem {
  return { message, line: policy.line, policyId: policy.id };
}

/** The policy with every concrete action replaced by the one that the schema knows. */
function anyAction(est: PolicyEst): unknown {
  const isGroup = (id: string): boolean => (EFFECTS as readonly string[]).includes(id);
  const replace = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(replace);
    const { type, id } = value as EntityRef;
    if (type === "Action" && typeof id === "string" && !isGroup(id)) return { type, id: ANY_ACTION };
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, replace(member)]));
  };
  return replace(est);
}

import type { Effect } from "@countersign/core";
import type { InexactPath } from "./argument-values.ts";
import { contextOf } from "./cedar-context.ts";
import type { CedarRequest } from "./evaluator.ts";
import type { ParsedPolicy } from "./parsed-policies.ts";
import { type Reads, addReads, dependsOn, noReads, readsOf, scopeMayFit } from "./reads.ts";

/** What the policies that may apply to one action read. */
export interface Plan {
  readonly reads: Reads;
  readonly policies: readonly { readonly id: string; readonly reads: Reads }[];
}
/** Makes plans, and keeps them by action: a set has far fewer actions than calls. */
export type Planner = (action: string, effect: Effect) => Plan;

const KEPT_PLANS = 1_000;

export function planner(set: readonly ParsedPolicy[]): Planner {
  const all = set.map((policy) => ({ id: policy.id, scope: policy.est.action, reads: readsOf(policy.est) }));
  const kept = new Map<string, Plan>();
  return (action, effect) => {
    const key = `${effect} ${action}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const policies = all.filter(({ scope }) => scopeMayFit(scope, action, effect));
    const reads = noReads();
    for (const policy of policies) addReads(reads, policy.reads);
    const plan = { reads, policies };
    if (kept.size >= KEPT_PLANS) kept.clear();
    kept.set(key, plan);
    return plan;
  };
}

/** A call of cedar-wasm without its policies, and the policies that depend on values which Cedar cannot be given. */
export interface PlannedCall {
  readonly call: object;
  readonly inexact: readonly { readonly policyId: string; readonly path: InexactPath }[];
}

/**
 * The smallest call that has the same answer as the whole one: parsing context and entities is most of an evaluation's cost, so only
 * what some applicable policy reads is given ({@link readsOf} says why that is enough).
 */
export function plannedCall(request: CedarRequest, plan: Plan): PlannedCall {
  const paths: InexactPath[] = [];
  const context = contextOf(request, plan.reads.context, paths);
  const inexact = paths.flatMap((path) =>
    plan.policies.filter(({ reads }) => dependsOn(reads.context, path)).map(({ id }) => ({ policyId: id, path })),
  );
  const principal = { type: request.principal.type, id: request.principal.id };
  const action = { type: "Action", id: request.action };
  const resource = { type: "Resource", id: request.resource };
  return { inexact, call: { principal, action, resource, context, entities: entitiesOf(request, plan.reads) } };
}

function entitiesOf(request: CedarRequest, reads: Reads): object[] {
  const { principal, action, effect, resource } = request;
  const out: object[] = [];
  if (reads.action) {
    out.push({ uid: { type: "Action", id: action }, attrs: {}, parents: [{ type: "Action", id: effect }] });
  }
  if (reads.principal) {
    const owner = { type: "Human", id: principal.owner };
    const attrs = { owner: { __entity: owner }, name: principal.name };
    out.push({ uid: { type: principal.type, id: principal.id }, attrs, parents: [owner] });
  }
  const parents = [...reads.roots].filter((root) => isWithin(resource, root)).map((id) => ({ type: "Resource", id }));
  if (reads.resource || parents.length > 0) {
    out.push({ uid: { type: "Resource", id: resource }, attrs: { name: resource }, parents });
  }
  return out;
}

/** `file:/a/b` is within `file:/a`: segment by segment, as the names are written. */
function isWithin(name: string, root: string): boolean {
  return name !== root && name.startsWith(root.endsWith("/") || root.endsWith(":") ? root : `${root}/`);
}

import type { Effect } from "@countersign/core";
import type { ParsedPolicy } from "./parsed-policies.ts";
import { type Reads, addReads, noReads, readsOf, scopeMayFit } from "./reads.ts";

/** The policies that may apply to one action, what they read, and what was made of them. */
export interface Plan<T> {
  readonly reads: Reads;
  readonly policies: readonly { readonly id: string; readonly reads: Reads }[];
  readonly compiled: T;
}
/** Makes plans, and keeps them by action: a set has far fewer actions than calls. */
export type Planner<T> = (action: string, effect: Effect) => Plan<T>;

const KEPT_PLANS = 1_000;

/** `compile`: makes of the policies with these ids what evaluates them; once for each plan. */
export function planner<T>(set: readonly ParsedPolicy[], compile: (ids: readonly string[]) => T): Planner<T> {
  const all = set.map((policy) => ({ id: policy.id, scope: policy.est.action, reads: readsOf(policy.est) }));
  const kept = new Map<string, Plan<T>>();
  return (action, effect) => {
    const key = `${effect} ${action}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const policies = all.filter(({ scope }) => scopeMayFit(scope, action, effect));
    const reads = noReads();
    for (const policy of policies) addReads(reads, policy.reads);
    const plan = { reads, policies, compiled: compile(policies.map(({ id }) => id)) };
    if (kept.size >= KEPT_PLANS) kept.clear();
    kept.set(key, plan);
    return plan;
  };
}

/** Resources that policies name and that lie above this one: `file:/a/b` is within `file:/a`, segment by segment, as the names are written. */
export function rootsAbove(resource: string, { roots }: Reads): readonly string[] {
  if (roots.size === 0) return [];
  return [...roots].filter((root) => isWithin(resource, root));
}

function isWithin(name: string, root: string): boolean {
  return name !== root && name.startsWith(root.endsWith("/") || root.endsWith(":") ? root : `${root}/`);
}

import { type Decision, type Hold, denied } from "@countersign/core";

/**
 * One decision out of those on each resource of a call: the first deny; else a hold that gathers all holds, since one countersignature
 * must name them all; else the permit. INV-2: of no resource at all nothing is known, so that denies.
 */
export function strictest(decisions: readonly Decision[]): Decision {
  const first = decisions[0];
  if (first === undefined) return denied("grant", "grant.missing", "the call names no resource, so no grant covers it");
  const policyIds = [...new Set(decisions.flatMap((decision) => decision.policyIds))];
  const deny = decisions.find(({ result }) => result === "deny");
  if (deny !== undefined) return deny;
  const held = decisions.filter(({ result }) => result === "hold");
  const gravest = held.find(({ code }) => code === "critical.unsigned") ?? held[0];
  if (gravest === undefined) return { ...first, policyIds };
  return { ...gravest, policyIds, holds: distinct(held.flatMap(({ holds }) => holds)) };
}

function distinct(holds: readonly Hold[]): readonly Hold[] {
  return [...new Map(holds.map((hold) => [`${hold.policyId}\n${hold.policyHash}`, hold])).values()];
}

import { covers, databaseResource } from "@countersign/core";
import type { SessionParts } from "./session-parts.ts";

/** INV-3: whether anything may be said to the client that belongs to no action: the lease holds, the task lives, no stop covers its session. */
export function maySpeak({ point, claims, name }: Pick<SessionParts, "point" | "claims" | "name">): boolean {
  if (!point.lease.valid()) return false;
  for (const { terms } of point.replica.brakesInForce())
    if (covers(terms.scope, claims.chain, databaseResource(name))) return false;
  return claims.chain.task !== null && point.replica.get("task", claims.chain.task)?.state.status === "live";
}

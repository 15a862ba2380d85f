import type { Call } from "@countersign/core";
import type { RefusedCall } from "@countersign/enforce";
import { type DecideInput, limitsOf } from "@countersign/policy";
import { Ceilings, exceededBy } from "../ceilings.ts";
import type { Deed } from "./deed.ts";
import type { SessionParts } from "./session-parts.ts";

/** The ceilings of a statement: of its upstream and of every grant that covers it, as they are now. */
export function ceilingsOf({ point, claims, name, database }: SessionParts, { call }: Deed): Ceilings | null {
  const { chain } = claims;
  if ("refused" in call || chain.task === null) return null;
  const { replica } = point;
  const task = replica.get("task", chain.task) ?? null;
  const agent = chain.agent === null ? null : (replica.get("agent", chain.agent) ?? null);
  const { mandate: id } = task?.terms ?? {};
  const mandate = id === undefined ? null : (replica.get("mandate", id) ?? null);
  const facts = { upstream: replica.get("upstream", name) ?? null, task, agent, mandate };
  // Who acts on which device changes nothing of a ceiling.
  const limits = limitsOf({ call, facts: facts as unknown as DecideInput["facts"] });
  return Object.keys(limits).length === 0 ? null : new Ceilings(limits, database.rowsOf(chain.task));
}

/** The call, refused where it touches more relations than it may, or would give statements more time than they may have. */
export function withinCeilings(
  { call, verdict }: Pick<Deed, "call" | "verdict">,
  ceilings: Ceilings | null,
): Call | RefusedCall {
  if ("refused" in call || ceilings === null) return call;
  const { action, resource, resources } = call;
  const count = resources?.length ?? (resource.endsWith("/") ? 0 : 1);
  const changes = verdict?.statements.flatMap(({ settings }) => settings) ?? [];
  const times = changes.filter(({ name }) => name.toLowerCase() === "statement_timeout");
  const all = [ceilings.relations(count), ...times.map(({ value }) => ceilings.time(value))];
  const exceeded = all.map(exceededBy).find((reason) => reason !== null);
  if (exceeded === undefined) return call;
  const refused = { step: "grant", code: "grant.missing", reason: exceeded ?? "" } as const;
  return { refused, action, resource, ...(resources === undefined ? {} : { resources }) };
}

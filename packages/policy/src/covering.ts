import {
  type Call,
  type Grant,
  type Limits,
  contains,
  databaseResource,
  isStatement,
  matches,
  narrowest,
  touches,
} from "@countersign/core";
import type { DecideInput } from "./decide-input.ts";

type Named = Pick<Call, "method" | "upstream" | "action" | "resource">;

/**
 * Whether one grant covers a call on its resource. A name may be that of a whole folder (`**`): only a pattern at least as wide covers it.
 * A statement that touches no relation is covered by a grant on any relation of its database.
 */
export function coversCall({ action, resource }: Grant, call: Named): boolean {
  if (!matches(action, call.action)) return false;
  const database = databaseResource(call.upstream);
  if (isStatement(call) && call.resource === database) return touches(resource, `${database}**`);
  return contains(resource, call.resource);
}

/**
 * The ceilings of a statement: of its upstream, and of every grant of task, agent and mandate that covers it or one of its relations. The
 * least of them holds, so that a grant with ceilings is never widened by another beside it.
 */
export function limitsOf({ call, facts }: Pick<DecideInput, "call" | "facts">): Limits {
  const { upstream, task, agent, mandate } = facts;
  const grants = [task?.terms.grants, agent?.terms.scope, task?.terms.session === null ? mandate?.terms.grants : []];
  const names = call.resources ?? [call.resource];
  const covering = grants
    .flatMap((some) => some ?? [])
    .filter((grant) => names.some((resource) => coversCall(grant, { ...call, resource })));
  const own = upstream?.terms.kind === "postgres" ? upstream.terms.limits : undefined;
  return narrowest([own, ...covering.map(({ limits }) => limits)]);
}

import { AppError, type Grant, contains, grantOf } from "@countersign/core";

/**
 * Requested ∩ registered: a requested grant must lie within one of the agent's; nothing requested is all of it. Its ceilings need not: those of
 * every covering grant hold beside them.
@throws AppError `grant.missing`
 */
export function withinScope(
  requested: readonly Grant[] | undefined,
  scope: readonly Grant[],
): ReturnType<typeof grantOf>[] {
  const asked = requested === undefined || requested.length === 0 ? scope : requested;
  const outside = asked.find(
    (r) => !scope.some((s) => contains(s.action, r.action) && contains(s.resource, r.resource)),
  );
  if (outside !== undefined) {
    throw new AppError("grant.missing", {
      detail: `the scope does not cover \`${outside.action}\` on \`${outside.resource}\``,
    });
  }
  return asked.map(grantOf);
}

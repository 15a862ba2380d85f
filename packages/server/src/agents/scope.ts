import { AppError, type Grant, contains } from "@countersign/core";

/** Requested ∩ registered: a requested grant must lie within one of the agent's; nothing requested is all of it. @throws AppError `grant.missing` */
export function withinScope(
  requested: readonly Grant[] | undefined,
  scope: readonly Grant[],
): { action: string; resource: string }[] {
  const asked = requested === undefined || requested.length === 0 ? scope : requested;
  const outside = asked.find(
    (r) => !scope.some((s) => contains(s.action, r.action) && contains(s.resource, r.resource)),
  );
  if (outside !== undefined) {
    throw new AppError("grant.missing", {
      detail: `the scope does not cover \`${outside.action}\` on \`${outside.resource}\``,
    });
  }
  return asked.map(({ action, resource }) => ({ action, resource }));
}

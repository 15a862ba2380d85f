import { isStatement } from "@countersign/core";
import { UNQUALIFIED, builtInHold } from "./built-in.ts";
import type { Check } from "./step.ts";

/** An UPDATE or DELETE without a condition reaches every row: it is held, whatever the policies say. The gateway's judge told so. */
export const unqualified: Check = ({ call }) => {
  if (!isStatement(call) || call.arguments["unqualified"] !== true) return null;
  const reason = "an UPDATE or DELETE without a condition reaches every row";
  return { holds: [builtInHold(UNQUALIFIED, reason, call.resource)], permits: [] };
};

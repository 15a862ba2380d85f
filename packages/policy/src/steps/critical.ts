import { reached, touches } from "@countersign/core";
import { CRITICAL, builtInHold } from "./built-in.ts";
import type { Check } from "./step.ts";

/** A critical resource is held each time: no policy turns it into a permit. */
export const critical: Check = ({ call, facts }) => {
  const patterns = [...(facts.upstream?.terms.critical ?? []), ...(facts.criticalPatterns ?? [])];
  const names = reached(call);
  const pattern = patterns.find((candidate) => names.some((name) => touches(candidate, name)));
  if (pattern === undefined) return null;
  return { holds: [builtInHold(CRITICAL, `the resource is critical (\`${pattern}\`)`, pattern)], permits: [] };
};

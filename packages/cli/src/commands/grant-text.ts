import type { JsonObject } from "@countersign/core";
import { UsageError } from "../command/usage-error.ts";
import { limitsOf } from "../upstreams/known-database.ts";

/**
 * Grants in the form ACTION@RESOURCE, e.g. `mcp:files/read_*@file:/srv/**`. Actions hold no `@`, resources may. Ceilings stand behind it:
 * `sql:billing/write@sql:billing/public.* [rowsPerStatement=10,relations=2]`.
 */
export function parseGrants(texts: readonly string[], command: string): JsonObject[] {
  return texts.map((text) => {
    const [, pattern = text, ceilings] = /^(.*) \[([^[\]]*)\]$/s.exec(text) ?? [];
    const at = pattern.indexOf("@");
    const [action, resource] = [pattern.slice(0, Math.max(at, 0)), pattern.slice(at + 1)];
    const limits = ceilings === undefined ? {} : { limits: limitsOf(ceilings.split(","), command) };
    if (action !== "" && resource !== "") return { action, resource, ...limits };
    throw new UsageError(
      `\`${text}\` is not of the form ACTION@RESOURCE, e.g. \`mcp:files/read_*@file:/srv/**\``,
      command,
    );
  });
}

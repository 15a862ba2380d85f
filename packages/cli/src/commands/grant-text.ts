import type { JsonObject } from "@countersign/core";
import { UsageError } from "../command/usage-error.ts";

/** Grants in the form ACTION@RESOURCE, e.g. `mcp:files/read_*@file:/srv/**`. Actions hold no `@`, resources may. */
export function parseGrants(texts: readonly string[], command: string): JsonObject[] {
  return texts.map((text) => {
    const at = text.indexOf("@");
    const [action, resource] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
    if (action !== "" && resource !== "") return { action, resource };
    throw new UsageError(
      `\`${text}\` is not of the form ACTION@RESOURCE, e.g. \`mcp:files/read_*@file:/srv/**\``,
      command,
    );
  });
}

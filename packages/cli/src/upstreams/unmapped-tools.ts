import { type Json, type JsonObject, isJsonObject, touches } from "@countersign/core";
import type { Cli } from "../cli.ts";
import type { Client } from "../client/api.ts";
import { nameOf, textAt } from "../client/fields.ts";
import { visible } from "../output/visible-text.ts";

const MOST_NAMED = 12;

/**
 * Says after a stop of a resource which tools it does not see, because nothing says what they act on. The stop stands whatever becomes of
 * this: without an answer of the server it says so for all tools without a mapping.
 */
export async function noteUnmapped(client: Client, cli: Cli, pattern: string): Promise<void> {
  const tools = await unmappedTools(client, pattern).catch(() => null);
  if (tools?.length === 0) return;
  cli.out.note({ event: "not_covered", tools }, () => {
    const which = tools === null ? "tools without a resource mapping" : namesOf(tools);
    return [
      `not covered: ${which}. Nothing says what they act on; stop their server with \`--resource 'mcp:NAME'\`, or map them`,
    ];
  });
}

async function unmappedTools(client: Client, pattern: string): Promise<readonly string[]> {
  const { upstreams } = await client.json({ as: "near", path: "/v1/upstreams" });
  return (Array.isArray(upstreams) ? (upstreams as readonly Json[]) : [])
    .filter(isJsonObject)
    .filter((upstream) => upstream["status"] === "active" && !touches(pattern, `mcp:${textAt(upstream, "name")}`))
    .flatMap((upstream) => toolsWithout(upstream).map((tool) => `${nameOf(upstream)}/${tool}`));
}

function toolsWithout({ tools, resources }: JsonObject): readonly string[] {
  const mapped = isJsonObject(resources) ? resources : {};
  const names = Array.isArray(tools) ? (tools as readonly Json[]) : [];
  return names.filter((name) => typeof name === "string").filter((name) => !Object.hasOwn(mapped, name));
}

function namesOf(tools: readonly string[]): string {
  const more = tools.length - MOST_NAMED;
  return `${tools.slice(0, MOST_NAMED).map(visible).join(", ")}${more > 0 ? ` and ${String(more)} more` : ""}`;
}

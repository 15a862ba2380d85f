import { isJsonObject, parseJson } from "@countersign/core";
import { type ToolDefinition, toolDefinition } from "../tool-definition.ts";
import type { UpstreamFault } from "./channel.ts";
import type { UpstreamLink } from "./upstream-link.ts";

export type ReadTools =
  | { readonly ok: true; readonly tools: ReadonlyMap<string, ToolDefinition> }
  | ({ readonly ok: false } & UpstreamFault);

const PAGE_LIMITS = { sizeBytes: 8 * 1024 * 1024, depth: 128 };
const MAX_PAGES = 50;
const MAX_TOOLS = 4096;

/** Reads all definitions of an upstream, page by page. Definitions without a usable name are left out: they cannot be called. */
export async function readTools(link: UpstreamLink, timeoutMs: number): Promise<ReadTools> {
  const tools = new Map<string, ToolDefinition>();
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const members: string[] = cursor === null ? [] : [`"cursor":${JSON.stringify(cursor)}`];
    const answer = await link.request({ method: "tools/list", members }, { timeoutMs });
    if (!answer.ok) return answer;
    const parsed = "result" in answer ? parseJson(answer.result, PAGE_LIMITS) : null;
    if (parsed === null || !parsed.ok || !isJsonObject(parsed.value) || !Array.isArray(parsed.value["tools"])) {
      return { ok: false, code: "upstream.garbage", reason: "the upstream did not answer with a list of tools" };
    }
    for (const value of parsed.value["tools"]) {
      const tool = toolDefinition(value);
      if (tool !== null) tools.set(tool.name, tool);
    }
    const next = parsed.value["nextCursor"];
    if (typeof next !== "string" || tools.size > MAX_TOOLS) return { ok: true, tools };
    cursor = next;
  }
  return { ok: false, code: "upstream.garbage", reason: "the upstream's list of tools does not end" };
}

import { type Json, isJsonObject, parseJson } from "@countersign/core";
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
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await readPage(link, cursor, timeoutMs);
    if (!page.ok) return page;
    for (const tool of page.tools) tools.set(tool.name, tool);
    if (tools.size > MAX_TOOLS)
      return { ok: false, code: "upstream.garbage", reason: "the upstream has too many tools" };
    if (page.next === null) return { ok: true, tools };
    cursor = page.next;
  }
  return { ok: false, code: "upstream.garbage", reason: "the upstream's list of tools does not end" };
}

type Page =
  | { readonly ok: true; readonly tools: readonly ToolDefinition[]; readonly next: string | null }
  | ({ readonly ok: false } & UpstreamFault);

async function readPage(link: UpstreamLink, cursor: string | null, timeoutMs: number): Promise<Page> {
  const members: string[] = cursor === null ? [] : [`"cursor":${JSON.stringify(cursor)}`];
  const answer = await link.request({ method: "tools/list", members }, { timeoutMs });
  if (!answer.ok) return answer;
  const parsed = "result" in answer ? parseJson(answer.result, PAGE_LIMITS) : null;
  const page = parsed?.ok === true && isJsonObject(parsed.value) ? parsed.value : {};
  const { tools, nextCursor } = page;
  if (!Array.isArray(tools))
    return { ok: false, code: "upstream.garbage", reason: "the upstream did not answer with a list of tools" };
  const read = (tools as readonly Json[]).map((tool) => toolDefinition(tool)).filter((tool) => tool !== null);
  return { ok: true, tools: read, next: typeof nextCursor === "string" ? nextCursor : null };
}

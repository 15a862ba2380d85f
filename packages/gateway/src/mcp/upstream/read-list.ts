import { type Json, type JsonObject, isJsonObject, parseJson } from "@countersign/core";
import { RPC } from "../protocol.ts";
import type { UpstreamFault } from "./channel.ts";
import type { UpstreamLink } from "./upstream-link.ts";

/** A list of MCP: what is asked, the member of the answer that holds it, and the capability without which it is empty. */
export interface ListOf {
  readonly method: "tools/list" | "resources/list" | "resources/templates/list" | "prompts/list";
  readonly member: "tools" | "resources" | "resourceTemplates" | "prompts";
}
export type ReadList =
  | { readonly ok: true; readonly items: readonly Json[] }
  | ({ readonly ok: false } & UpstreamFault);

const PAGE_LIMITS = { sizeBytes: 8 * 1024 * 1024, depth: 128 };
const MAX_PAGES = 50;
const MAX_ITEMS = 4096;

/** Reads a whole list of an upstream, page by page. One that the upstream does not serve is empty, but for tools. */
export async function readList(link: UpstreamLink, list: ListOf, timeoutMs: number): Promise<ReadList> {
  const items: Json[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await readPage(link, list, { cursor, timeoutMs });
    if (!page.ok) return page;
    items.push(...page.items);
    if (items.length > MAX_ITEMS) return garbage(`the upstream has too many ${list.member}`);
    if (page.next === null) return { ok: true, items };
    cursor = page.next;
  }
  return garbage(`the upstream's list of ${list.member} does not end`);
}

type Page =
  | { readonly ok: true; readonly items: readonly Json[]; readonly next: string | null }
  | ({ readonly ok: false } & UpstreamFault);

async function readPage(
  link: UpstreamLink,
  { method, member }: ListOf,
  { cursor, timeoutMs }: { readonly cursor: string | null; readonly timeoutMs: number },
): Promise<Page> {
  const members: string[] = cursor === null ? [] : [`"cursor":${JSON.stringify(cursor)}`];
  const answer = await link.request({ method, members }, { timeoutMs });
  if (!answer.ok) return answer;
  if ("error" in answer && answer.error.code === RPC.methodNotFound && member !== "tools")
    return { ok: true, items: [], next: null };
  const parsed = "result" in answer ? parseJson(answer.result, PAGE_LIMITS) : null;
  const page: JsonObject = parsed?.ok === true && isJsonObject(parsed.value) ? parsed.value : {};
  const { [member]: items, nextCursor } = page;
  if (!Array.isArray(items)) return garbage(`the upstream did not answer with a list of ${member}`);
  return { ok: true, items: items as readonly Json[], next: typeof nextCursor === "string" ? nextCursor : null };
}

function garbage(reason: string): { readonly ok: false } & UpstreamFault {
  return { ok: false, code: "upstream.garbage", reason };
}

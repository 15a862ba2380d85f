import { type ToolDefinition, toolDefinition } from "../tool-definition.ts";
import type { UpstreamFault } from "./channel.ts";
import { readList } from "./read-list.ts";
import type { UpstreamLink } from "./upstream-link.ts";

export type ReadTools =
  | { readonly ok: true; readonly tools: ReadonlyMap<string, ToolDefinition> }
  | ({ readonly ok: false } & UpstreamFault);

/** Reads all definitions of an upstream. Those without a usable name are left out: they cannot be called. */
export async function readTools(link: UpstreamLink, timeoutMs: number): Promise<ReadTools> {
  const read = await readList(link, { method: "tools/list", member: "tools" }, timeoutMs);
  if (!read.ok) return read;
  const tools = new Map<string, ToolDefinition>();
  for (const item of read.items) {
    const tool = toolDefinition(item);
    if (tool !== null) tools.set(tool.name, tool);
  }
  return { ok: true, tools };
}

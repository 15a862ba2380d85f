import type { JsonObject } from "@countersign/core";
import { type ClientShape, cwdOf, inwardTools } from "./client-shape.ts";

const GOVERNED = /^["']?(?:[^\s"']*\/)?countersign["']?\s+mcp\s+["']?([\w.-]+)["']?(?:\s|$)/;
const PATHS = ["file_path", "path", "target_file"];

/** Cursor: `hooks.json`. Its own tools come as `preToolUse`, those of MCP servers as `beforeMCPExecution`, which names the server's command. */
export const cursor: ClientShape = {
  events: {
    preToolUse: "before",
    beforeMCPExecution: "before",
    postToolUse: "after",
    postToolUseFailure: "failed",
    afterMCPExecution: "after",
    beforeSubmitPrompt: "prompt",
    sessionStart: "start",
    sessionEnd: "end",
  },
  session: "conversation_id",
  result: "tool_output",
  cwd: (payload) => cwdOf(payload) ?? workspaceOf(payload),
  mcp: (_, payload) => (isMcpEvent(payload) ? mcpOf(payload) : null),
  elsewhere: (payload) => !isMcpEvent(payload) && nameOf(payload).startsWith("MCP:"),
  tools: {
    Shell: { as: "shell", command: "command", cwd: "working_directory" },
    Read: { as: "read", effect: "read", paths: PATHS },
    Grep: { as: "search", paths: ["path"] },
    Glob: { as: "search", paths: ["path", "target_directory"], pattern: "glob_pattern" },
    LS: { as: "search", paths: ["path", "target_directory"] },
    SemanticSearch: { as: "search", paths: [] },
    ReadLints: { as: "search", paths: [] },
    Write: { as: "write", effect: "write", paths: PATHS },
    StrReplace: { as: "edit", effect: "write", paths: PATHS },
    Edit: { as: "edit", effect: "write", paths: PATHS },
    Delete: { as: "delete", effect: "destructive", paths: PATHS },
    WebFetch: { as: "fetch", url: "url" },
    WebSearch: { as: "fetch" },
    ...inwardTools("Task", "TodoWrite", "AskQuestion", "SwitchMode", "CreatePlan"),
  },
};

function isMcpEvent({ hook_event_name: event }: JsonObject): boolean {
  return event === "beforeMCPExecution" || event === "afterMCPExecution";
}

function nameOf({ tool_name: name }: JsonObject): string {
  return typeof name === "string" ? name : "";
}

function workspaceOf({ workspace_roots: roots }: JsonObject): string | null {
  const first: unknown = Array.isArray(roots) ? roots[0] : undefined;
  return typeof first === "string" && first.startsWith("/") ? first : null;
}

/** A server that `connect` put behind us is started by `… mcp NAME --agent …`; of others only the tool is known. */
function mcpOf(payload: JsonObject): { readonly server: string; readonly tool: string } {
  const { command } = payload;
  const governed = typeof command === "string" ? GOVERNED.exec(command) : null;
  return { server: governed?.[1] ?? "", tool: nameOf(payload) };
}

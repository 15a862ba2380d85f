import { type JsonObject, isJsonObject } from "@countersign/core";
import { type ClientShape, cwdOf, doubleUnderscore, inwardTools } from "./client-shape.ts";

/** Gemini CLI: `hooks` of its settings. A use has no id of its own. */
export const gemini: ClientShape = {
  events: {
    BeforeTool: "before",
    AfterTool: "after",
    BeforeAgent: "prompt",
    SessionStart: "start",
    SessionEnd: "end",
  },
  session: "session_id",
  result: "tool_response",
  cwd: cwdOf,
  mcp: mcpOf,
  failed: ({ tool_response: response }) => isJsonObject(response) && response["error"] !== undefined,
  tools: {
    run_shell_command: { as: "shell", command: "command", cwd: "dir_path" },
    read_file: { as: "read", effect: "read", paths: ["file_path"] },
    list_directory: { as: "search", paths: ["dir_path"] },
    glob: { as: "search", paths: ["dir_path"], pattern: "pattern" },
    grep_search: { as: "search", paths: ["dir_path"] },
    search_file_content: { as: "search", paths: ["dir_path"] },
    write_file: { as: "write", effect: "write", paths: ["file_path"] },
    replace: { as: "edit", effect: "write", paths: ["file_path"] },
    web_fetch: { as: "fetch", prompt: "prompt" },
    google_web_search: { as: "fetch" },
    ...inwardTools("update_topic", "write_todos", "enter_plan_mode", "exit_plan_mode", "ask_user", "invoke_agent"),
    ...inwardTools("activate_skill", "list_background_processes", "read_background_output", "complete_task"),
  },
};

/** The context tells server and tool apart; in the name alone they are joined by one underscore. */
function mcpOf(name: string, { mcp_context: context }: JsonObject): ReturnType<ClientShape["mcp"]> {
  if (!isJsonObject(context)) return name.startsWith("mcp_") ? (doubleUnderscore(name) ?? unknownServer(name)) : null;
  const { server_name: server, tool_name: tool } = context;
  return typeof server === "string" && typeof tool === "string" ? { server, tool } : unknownServer(name);
}

/** An MCP tool whose server was not told: no server has an empty name, so it is none of the governed ones. */
function unknownServer(name: string): { readonly server: string; readonly tool: string } {
  return { server: "", tool: name };
}

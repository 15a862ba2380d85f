import { type ClientShape, cwdOf, doubleUnderscore, inwardTools } from "./client-shape.ts";

/** Claude Code: `hooks` of its settings. */
export const claudeCode: ClientShape = {
  events: {
    PreToolUse: "before",
    PostToolUse: "after",
    PostToolUseFailure: "failed",
    UserPromptSubmit: "prompt",
    SessionStart: "start",
    SessionEnd: "end",
  },
  session: "session_id",
  result: "tool_response",
  cwd: cwdOf,
  mcp: doubleUnderscore,
  tools: {
    Bash: { as: "shell", command: "command" },
    Read: { as: "read", effect: "read", paths: ["file_path"] },
    NotebookRead: { as: "read", effect: "read", paths: ["notebook_path"] },
    Glob: { as: "search", paths: ["path"], pattern: "pattern" },
    Grep: { as: "search", paths: ["path"] },
    LS: { as: "search", paths: ["path"] },
    Write: { as: "write", effect: "write", paths: ["file_path"] },
    Edit: { as: "edit", effect: "write", paths: ["file_path"] },
    MultiEdit: { as: "edit", effect: "write", paths: ["file_path"] },
    NotebookEdit: { as: "edit", effect: "write", paths: ["notebook_path"] },
    WebFetch: { as: "fetch", url: "url" },
    WebSearch: { as: "fetch" },
    ReadMcpResourceTool: { as: "mcp-resource", server: "server" },
    ListMcpResourcesTool: { as: "mcp-resource", server: "server" },
    ...inwardTools("Task", "Agent", "TodoWrite", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet", "TaskOutput"),
    ...inwardTools("TaskStop", "BashOutput", "KillShell", "KillBash", "EnterPlanMode", "ExitPlanMode"),
    ...inwardTools("AskUserQuestion", "Skill", "SlashCommand", "ToolSearch", "StructuredOutput"),
  },
};

import { type ClientShape, cwdOf, inwardTools } from "./client-shape.ts";

/** opencode: a plugin of ours tells what its hooks `tool.execute.before` and `tool.execute.after` say, in the words of the other clients. */
export const opencode: ClientShape = {
  events: {
    PreToolUse: "before",
    PostToolUse: "after",
    UserPromptSubmit: "prompt",
    SessionStart: "start",
    SessionEnd: "end",
  },
  session: "session_id",
  result: "tool_response",
  cwd: cwdOf,
  // `server_tool`: only whoever knows the servers can tell where the one ends.
  mcp: () => null,
  tools: {
    bash: { as: "shell", command: "command", cwd: "workdir" },
    read: { as: "read", effect: "read", paths: ["filePath"] },
    list: { as: "search", paths: ["path"] },
    glob: { as: "search", paths: ["path"], pattern: "pattern" },
    grep: { as: "search", paths: ["path"] },
    write: { as: "write", effect: "write", paths: ["filePath"] },
    edit: { as: "edit", effect: "write", paths: ["filePath"] },
    patch: { as: "patch", text: "patchText" },
    apply_patch: { as: "patch", text: "patchText" },
    webfetch: { as: "fetch", url: "url" },
    websearch: { as: "fetch" },
    codesearch: { as: "fetch" },
    ...inwardTools("task", "todowrite", "todoread", "question", "skill", "plan_enter", "plan_exit"),
  },
};

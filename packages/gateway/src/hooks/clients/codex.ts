import { type ClientShape, cwdOf, doubleUnderscore, inwardTools } from "./client-shape.ts";

/** Codex CLI: `hooks.json` beside its `config.toml`. Every shell tool comes as `Bash`, with the folder of the command as `cwd`. */
export const codex: ClientShape = {
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
  mcp: doubleUnderscore,
  tools: {
    Bash: { as: "shell", command: "command" },
    apply_patch: { as: "patch", text: "command" },
    view_image: { as: "read", effect: "read", paths: ["path"] },
    ...inwardTools("update_plan", "request_user_input", "get_goal", "create_goal", "update_goal", "spawn_agent"),
    ...inwardTools("send_input", "resume_agent", "close_agent", "wait_agent"),
  },
};

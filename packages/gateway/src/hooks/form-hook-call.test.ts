import type { Json, JsonObject } from "@countersign/core";
import { describe, expect, it } from "vitest";
import type { HookClient } from "./clients/index.ts";
import { formHookCall } from "./form-hook-call.ts";
import { readHookEvent } from "./hook-event.ts";

const BASE = { session_id: "s1", transcript_path: "/t", cwd: "/srv/p" };

/** What a client's hook is given before a use, in the shape that it really has. */
const BEFORE: Readonly<Record<HookClient, (name: string, input: Json, more?: JsonObject) => JsonObject>> = {
  "claude-code": (name, input) => ({
    ...BASE,
    permission_mode: "default",
    hook_event_name: "PreToolUse",
    tool_name: name,
    tool_input: input,
    tool_use_id: "toolu_1",
  }),
  codex: (name, input) => ({
    ...BASE,
    turn_id: "1",
    model: "m",
    permission_mode: "default",
    hook_event_name: "PreToolUse",
    tool_name: name,
    tool_input: input,
    tool_use_id: "call_1",
  }),
  gemini: (name, input, more) => ({
    ...BASE,
    hook_event_name: "BeforeTool",
    timestamp: "2026-01-01T00:00:00.000Z",
    tool_name: name,
    tool_input: input,
    ...more,
  }),
  cursor: (name, input, more) => ({
    conversation_id: "s1",
    generation_id: "g",
    model: "m",
    hook_event_name: "preToolUse",
    cursor_version: "2",
    workspace_roots: ["/srv/p"],
    tool_name: name,
    tool_input: input,
    tool_use_id: "t1",
    ...more,
  }),
  opencode: (name, input) => ({
    hook_event_name: "PreToolUse",
    session_id: "s1",
    cwd: "/srv/p",
    tool_name: name,
    tool_use_id: "c1",
    tool_input: input,
  }),
};

const governed = (server: string, tool: string | null): boolean =>
  server === "files" && (tool === null || tool === "read_file");

const OWN = { programs: ["/opt/cs"], secrets: ["/srv/cs/data"] };

function formed(client: HookClient, ...use: [name: string, input: Json, more?: JsonObject]): string {
  const read = readHookEvent(client, BEFORE[client](...use));
  if (!read.ok || read.event.kind !== "before") return read.ok ? read.event.kind : read.reason;
  const call = formHookCall(read.event.use, { client, home: "/home/u", governed, own: OWN, argumentsBytes: 10_000 });
  if (call === null) return "nothing to judge";
  if ("refused" in call) return `refused ${call.refused.code}`;
  const { action, effect, resource, resources } = call;
  return `${effect} ${action} ${(resources ?? [resource]).join(" ")}`;
}

describe("formHookCall", () => {
  it.for<[HookClient, string, Json, string]>([
    ["claude-code", "Bash", { command: "cat a | wc -l" }, "read tool:claude-code/shell file:/srv/p/a"],
    [
      "claude-code",
      "Bash",
      { command: "rm -rf a" },
      "destructive tool:claude-code/shell file:/srv/p/a file:/srv/p/a/**",
    ],
    ["claude-code", "Read", { file_path: "/etc/../etc/hosts" }, "read tool:claude-code/read file:/etc/hosts"],
    [
      "claude-code",
      "Edit",
      { file_path: "src/a.ts", old_string: "a", new_string: "b" },
      "write tool:claude-code/edit file:/srv/p/src/a.ts",
    ],
    [
      "claude-code",
      "Write",
      { file_path: "/srv/p/.claude/settings.json", content: "" },
      "unknown tool:claude-code/write file:/srv/p/.claude/settings.json",
    ],
    ["claude-code", "Glob", { pattern: "**/*.ts" }, "read tool:claude-code/read file:/srv/p/**"],
    ["claude-code", "Glob", { pattern: "/etc/*" }, "unknown tool:claude-code/read file:/**"],
    [
      "claude-code",
      "WebFetch",
      { url: "https://a.example/x?y", prompt: "p" },
      "external tool:claude-code/fetch https://a.example/x",
    ],
    ["claude-code", "WebFetch", { url: "a.example https://b.example/" }, "external tool:claude-code/fetch https://**"],
    ["claude-code", "WebSearch", { query: "https://a.example/ secret" }, "external tool:claude-code/fetch https://**"],
    ["claude-code", "TodoWrite", { todos: [] }, "nothing to judge"],
    ["claude-code", "mcp__files__read_file", { path: "x" }, "nothing to judge"],
    ["claude-code", "mcp__files__other", { path: "x" }, "unknown mcp:files/other mcp:files"],
    ["claude-code", "mcp__evil__read_file", {}, "unknown mcp:evil/read_file mcp:evil"],
    ["claude-code", "Frobnicate", { x: 1 }, "unknown tool:claude-code/Frobnicate file:/srv/p/**"],
    ["claude-code", "Bash", {}, "refused input.invalid_json"],
    ["claude-code", "Read", {}, "refused input.invalid_json"],
    ["claude-code", "Read", { file_path: "a\nb" }, "refused input.invalid_json"],
    ["claude-code", "Read", { file_path: "file:///etc/passwd" }, "refused input.invalid_json"],
    ["claude-code", "Write", { file_path: "a", content: "x".repeat(20_000) }, "refused input.too_large"],
    ["codex", "Bash", { command: "ls" }, "read tool:codex/shell file:/srv/p/**"],
    [
      "codex",
      "apply_patch",
      { command: "*** Begin Patch\n*** Add File: a\n+x\n*** Delete File: b\n*** End Patch" },
      "destructive tool:codex/edit file:/srv/p/b file:/srv/p/a",
    ],
    ["codex", "apply_patch", { command: "nothing" }, "refused input.invalid_json"],
    ["codex", "apply_patch", { command: "*** Update File: link/../a\n" }, "refused input.invalid_json"],
    ["codex", "apply_patch", { command: "*** Update File: ../a\n" }, "refused input.invalid_json"],
    ["codex", "Bash", { command: "cat ../a" }, "unknown tool:codex/shell file:/srv/p/**"],
    ["codex", "Bash", { command: "cd .. && cat a" }, "unknown tool:codex/shell file:/srv/p/**"],
    [
      "gemini",
      "run_shell_command",
      { command: "cat ../a", dir_path: "l" },
      "unknown tool:gemini/shell file:/srv/p/l/**",
    ],
    ["claude-code", "Bash", { command: "cat ../a" }, "read tool:claude-code/shell file:/srv/a"],
    [
      "codex",
      "Bash",
      { command: "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: a\n*** End Patch\nEOF" },
      "write tool:codex/edit file:/srv/p/a",
    ],
    [
      "codex",
      "Bash",
      { command: "apply_patch <<EOF\n*** Add File: $(rm x)\nEOF" },
      "unknown tool:codex/shell file:/srv/p/x",
    ],
    ["codex", "write_stdin", { chars: "!rm x\n" }, "unknown tool:codex/write_stdin file:/srv/p/**"],
    ["gemini", "run_shell_command", { command: "cat a", dir_path: "sub" }, "read tool:gemini/shell file:/srv/p/sub/a"],
    [
      "gemini",
      "web_fetch",
      { prompt: "see https://a.example/x and HTTPS://B.example/y" },
      "external tool:gemini/fetch https://a.example/x https://b.example/y",
    ],
    [
      "gemini",
      "web_fetch",
      { prompt: "see https://a.example/x and https:evil.example" },
      "external tool:gemini/fetch https://a.example/x https://**",
    ],
    ["gemini", "web_fetch", { prompt: "no address" }, "external tool:gemini/fetch https://**"],
    ["cursor", "Shell", { command: "rm a", working_directory: "/w" }, "destructive tool:cursor/shell file:/w/a"],
    ["cursor", "Delete", { path: "a" }, "destructive tool:cursor/delete file:/srv/p/a"],
    ["cursor", "MCP:files", {}, "other"],
    ["opencode", "bash", { command: "ls", workdir: "/w" }, "read tool:opencode/shell file:/w/**"],
    ["opencode", "write", { filePath: "a", content: "x" }, "write tool:opencode/write file:/srv/p/a"],
    ["opencode", "files_read_file", { path: "x" }, "nothing to judge"],
    ["opencode", "files_evil_read_file", { path: "x" }, "unknown tool:opencode/files_evil_read_file file:/srv/p/**"],
  ])("%s %s %o: %s", ([client, name, input, expected]) => {
    expect(formed(client, name, input)).toBe(expected);
  });

  it("takes the server of an MCP tool from where the client names it", () => {
    const context = { mcp_context: { server_name: "files", tool_name: "read_file" } };
    expect(formed("gemini", "mcp_files_read_file", {}, context)).toBe("nothing to judge");
    expect(formed("gemini", "mcp_files_read_file", {})).toBe("unknown mcp:unknown/mcp_files_read_file mcp:unknown");
    const event = { hook_event_name: "beforeMCPExecution" };
    const started = (command: string): string => formed("cursor", "read_file", "{}", { ...event, command });
    expect(started("'/opt/bin/countersign' mcp files --agent a")).toBe("nothing to judge");
    expect(started("/opt/other mcp files")).toBe("unknown mcp:unknown/read_file mcp:unknown");
  });

  it("is no event without a session, a folder or a known name", () => {
    const whole = BEFORE["claude-code"]("Bash", { command: "ls" });
    for (const member of ["session_id", "cwd", "tool_name", "hook_event_name"])
      expect(readHookEvent("claude-code", { ...whole, [member]: null })).toMatchObject({ ok: false });
    expect(readHookEvent("claude-code", { ...whole, cwd: "relative" })).toMatchObject({ ok: false });
    expect(readHookEvent("claude-code", { ...whole, tool_input: [1] })).toMatchObject({ ok: false });
    expect(readHookEvent("gemini", whole)).toMatchObject({ ok: false });
    expect(readHookEvent("codex", [])).toMatchObject({ ok: false });
  });
});

describe("what Countersign lives by", () => {
  const effectOf = (name: string, input: Json): string => formed("claude-code", name, input).split(" ")[0] ?? "";

  it.each([
    ["Read", { file_path: "/srv/cs/data/countersign.db" }],
    ["Read", { file_path: "/home/u/.config/countersign/session.json" }],
    ["Read", { file_path: "/home/u/.local/state/countersign/connect/codex/x/1.backup" }],
    ["Read", { file_path: "/HOME/u/.config/Countersign/master.key" }],
    ["Bash", { command: "cat ~/.config/countersign/master.key" }],
    ["Bash", { command: "grep -r TOKEN /home/u" }],
    ["Bash", { command: "cat /proc/4711/environ" }],
    ["Bash", { command: "strings /proc/4711/mem" }],
    ["Grep", { pattern: "TOKEN", path: "/srv" }],
    ["Edit", { file_path: "/opt/cs/packages/cli/src/main.ts", old_string: "a", new_string: "b" }],
    ["Write", { file_path: "/opt/cs/bin/countersign", content: "" }],
    ["Bash", { command: "echo x >> /opt/cs/packages/cli/src/main.ts" }],
    ["Bash", { command: "touch /srv/cs/data/x" }],
  ])("asks before %s of %j", (name, input) => {
    expect(effectOf(name, input)).toBe("unknown");
  });

  it.each([
    ["Read", { file_path: "/opt/cs/README.md" }, "read"],
    ["Read", { file_path: "/srv/cs/database.md" }, "read"],
    ["Bash", { command: "grep -r TOKEN /home/u/project" }, "read"],
    ["Bash", { command: "cat /proc/cpuinfo" }, "read"],
    ["Write", { file_path: "/srv/opt/cs/a", content: "" }, "write"],
  ])("knows %s of %j from it", (name, input, effect) => {
    expect(effectOf(name, input)).toBe(effect);
  });
});

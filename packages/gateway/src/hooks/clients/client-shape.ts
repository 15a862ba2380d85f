import type { Effect, JsonObject } from "@countersign/core";

/** What one of a client's own tools does, and which members of its input name what it touches. */
export type ToolRow =
  /** Runs a command line; `cwd` names the member that moves it to another folder. */
  | { readonly as: "shell"; readonly command: string; readonly cwd?: string }
  /** Touches the files that these members name. */
  | { readonly as: "read" | "edit" | "write" | "delete"; readonly effect: Effect; readonly paths: readonly string[] }
  /** Looks through a folder; without a name the one in which the client works. A `pattern` may begin elsewhere. */
  | { readonly as: "search"; readonly paths: readonly string[]; readonly pattern?: string }
  /** Applies a patch in the form of `apply_patch`. */
  | { readonly as: "patch"; readonly text: string }
  /** Reaches the web address that `url` names, those in the text `prompt`, or anywhere. */
  | { readonly as: "fetch"; readonly url?: string; readonly prompt?: string }
  /** Reads a resource of an MCP server. */
  | { readonly as: "mcp-resource"; readonly server: string }
  /** Touches nothing but the client itself: plans, questions, subagents (whose own uses come to the hook too). */
  | { readonly as: "inward" };

export type EventKind = "before" | "after" | "failed" | "prompt" | "start" | "end";

/** How one client speaks to its hooks. */
export interface ClientShape {
  readonly events: Readonly<Record<string, EventKind>>;
  /** The member that names the client's session. */
  readonly session: string;
  /** The member with the result of a tool. */
  readonly result: string;
  readonly cwd: (payload: JsonObject) => string | null;
  /** The MCP server and tool behind a tool; null: one of the client's own. */
  readonly mcp: (name: string, payload: JsonObject) => { readonly server: string; readonly tool: string } | null;
  /** Whether the tool failed, where the client says so within its result. */
  readonly failed?: (payload: JsonObject) => boolean;
  /** True for a use that another event of the same client tells better. */
  readonly elsewhere?: (payload: JsonObject) => boolean;
  readonly tools: Readonly<Record<string, ToolRow>>;
}

export const INWARD: ToolRow = { as: "inward" };

/** `mcp__server__tool`: how Claude Code and Codex name the tools of MCP servers. */
export function doubleUnderscore(name: string): { readonly server: string; readonly tool: string } | null {
  const found = /^mcp__(.+?)__(.+)$/s.exec(name);
  return found === null ? null : { server: found[1] ?? "", tool: found[2] ?? "" };
}

/** The folder of the payload, where it is an absolute one. */
export function cwdOf({ cwd }: JsonObject): string | null {
  return typeof cwd === "string" && cwd.startsWith("/") ? cwd : null;
}

export function inwardTools(...names: readonly string[]): Record<string, ToolRow> {
  return Object.fromEntries(names.map((name) => [name, INWARD]));
}

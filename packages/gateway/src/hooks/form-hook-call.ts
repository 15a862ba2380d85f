import {
  type Call,
  type Effect,
  HOOK_METHOD,
  type JsonObject,
  canonicalJson,
  graver,
  tooManyResources,
} from "@countersign/core";
import type { RefusedCall } from "@countersign/enforce";
import type { ToolRow } from "./clients/client-shape.ts";
import { CLIENT_SHAPES, type HookClient } from "./clients/index.ts";
import type { ToolUse } from "./hook-event.ts";
import { type OwnPlaces, guardOwnPlaces } from "./own-places.ts";
import { filesOfPatch, patchInShell } from "./read-patch.ts";
import { entered, judgeShell } from "./shell/index.ts";
import { type Place, type Touched, absolutePath, distinctResources, filesOf, wholeFolder } from "./touched.ts";
import { webPlaces } from "./web-places.ts";

export interface HookCallOptions {
  readonly client: HookClient;
  /** The home folder of whoever runs the client. */
  readonly home: string;
  /**
   * Whether this tool of what the client calls so is reached through this gateway, which then judges the call itself. Null: something of the
   * server that is no tool.
   */
  readonly governed: (server: string, tool: string | null) => boolean;
  readonly argumentsBytes: number;
  readonly own: OwnPlaces;
}

/** What is to be judged about a use of a tool; null: nothing here, it touches only the client itself or comes to this gateway anyway. */
export type HookCall = Call | RefusedCall | null;

/** Resources of one use, at most. */

/** What a tool does, before it is a call. */
interface Meaning {
  /** The last word of the action. */
  readonly tool: string;
  readonly effect: Effect;
  readonly touched: readonly Touched[];
  readonly arguments: JsonObject;
}
type Read = Meaning | { readonly fault: string };

/**
 * Forms the call that a use of a client's tool is (design 5): `tool:<client>/<shell|read|…>` on the files and addresses that it names, or
 * `mcp:<server>/<tool>` for a server that this gateway does not guard. What is not known is `unknown`, and so held.
 */
export function formHookCall(use: ToolUse, options: HookCallOptions): HookCall {
  const { client, governed } = options;
  const row = own(CLIENT_SHAPES[client].tools, use.name);
  const mcp = mcpOf(use, row, options);
  if (mcp !== null)
    return governed(mcp.server, row?.as === "mcp-resource" ? null : mcp.tool)
      ? null
      : callOf(ungoverned(use, mcp), use, options);
  if (row === undefined || row.as === "mcp-resource") return callOf(unknownTool(use), use, options);
  return row.as === "inward" ? null : callOf(meaningOf(use, row, { ...options, cwd: use.cwd }), use, options);
}

interface McpTool {
  readonly server: string;
  readonly tool: string;
}

function mcpOf(use: ToolUse, row: ToolRow | undefined, { client, governed }: HookCallOptions): McpTool | null {
  if (use.mcp !== null) return use.mcp;
  if (row?.as === "mcp-resource") return { server: text(use.input, row.server) ?? "", tool: use.name };
  if (row !== undefined || client !== "opencode") return null;
  // `server_tool`: the longest beginning that is a governed server.
  for (let at = use.name.lastIndexOf("_"); at > 0; at = use.name.lastIndexOf("_", at - 1)) {
    const [server, tool] = [use.name.slice(0, at), use.name.slice(at + 1)];
    if (governed(server, tool)) return { server, tool };
  }
  return null;
}

type OwnRow = Exclude<ToolRow, { as: "inward" } | { as: "mcp-resource" }>;

function meaningOf(use: ToolUse, row: OwnRow, at: Place & HookCallOptions): Read {
  switch (row.as) {
    case "shell":
      return shell(use, row, at);
    case "patch":
      return patch(use.input[row.text], use, at);
    case "fetch":
      return { tool: "fetch", effect: "external", touched: webPlaces(use.input, row), arguments: use.input };
    case "search":
      return search(use, row, at);
    case "read":
    case "edit":
    case "write":
    case "delete":
      return files(use, row, at);
    default:
      return row satisfies never;
  }
}

function shell(use: ToolUse, row: ToolRow & { as: "shell" }, at: Place & HookCallOptions): Read {
  const command = text(use.input, row.command);
  if (command === null) return { fault: "the use of the shell names no command" };
  const moved = row.cwd === undefined ? undefined : use.input[row.cwd];
  const cwd = moved === undefined || moved === null || moved === "" ? use.cwd : absolutePath(moved, at);
  if (cwd === null) return { fault: "the folder of the command is not a plain path" };
  const given = at.client === "codex" ? patchInShell(command) : null;
  if (given !== null) return patch(given, { ...use, cwd }, { ...at, cwd });
  const judged = judgeShell(command, { cwd: startOf(cwd, use, at), home: at.home });
  const touched =
    judged.resources.length === 0 ? [{ resource: wholeFolder(cwd), effect: judged.effect }] : judged.resources;
  const named = distinctResources(touched, cwd);
  const effect = touched.reduce((gravest, one) => graver(gravest, one.effect), judged.effect);
  return {
    tool: "shell",
    effect,
    touched,
    arguments: { command, cwd, ...(named.length > 1 ? { resources: named } : {}) },
  };
}

/** Where the shell starts. A folder that the agent names may be a link; Codex tells it as the one that it works in. */
function startOf(cwd: string, use: ToolUse, { client }: HookCallOptions): string {
  return client === "codex" || cwd !== use.cwd ? entered(cwd) : cwd;
}

function patch(given: unknown, use: ToolUse, at: Place): Read {
  const touched = filesOfPatch(given, at);
  if (touched === null) return { fault: "the patch names no file by a plain path" };
  return { tool: "edit", effect: gravestOf(touched), touched, arguments: { patch: String(given), cwd: use.cwd } };
}

function search(use: ToolUse, row: ToolRow & { as: "search" }, at: Place & HookCallOptions): Read {
  const found = filesOf(use.input, row.paths, { ...at, effect: "read" });
  if (!found.ok) return { fault: found.reason };
  const pattern = row.pattern === undefined ? "" : (text(use.input, row.pattern) ?? "");
  if (/^[/~{]|\.\./.test(pattern))
    return { tool: "read", effect: "read", touched: [{ resource: "file:/**", effect: "read" }], arguments: use.input };
  const folders = found.touched.map(({ resource }) => ({
    resource: wholeFolder(resource.slice("file:".length)),
    effect: "read" as const,
  }));
  const touched = folders.length === 0 ? [{ resource: wholeFolder(use.cwd), effect: "read" as const }] : folders;
  return { tool: "read", effect: "read", touched, arguments: use.input };
}

function files(
  use: ToolUse,
  row: ToolRow & { as: "read" | "edit" | "write" | "delete" },
  at: Place & HookCallOptions,
): Read {
  const found = filesOf(use.input, row.paths, { ...at, effect: row.effect });
  if (!found.ok) return { fault: found.reason };
  if (found.touched.length === 0) return { fault: `the use of \`${use.name}\` names no file` };
  return { tool: row.as, effect: gravestOf(found.touched), touched: found.touched, arguments: use.input };
}

function ungoverned(use: ToolUse, { server, tool }: McpTool): Meaning & { readonly action: string } {
  const names = `${word(server)}/${word(tool)}`;
  const touched = [{ resource: `mcp:${word(server)}`, effect: "unknown" as const }];
  return { tool: word(tool), effect: "unknown", touched, arguments: use.input, action: `mcp:${names}` };
}

function unknownTool(use: ToolUse): Meaning {
  const touched = [{ resource: wholeFolder(use.cwd), effect: "unknown" as const }];
  return { tool: word(use.name), effect: "unknown", touched, arguments: use.input };
}

function callOf(
  read: Read & { readonly action?: string },
  use: ToolUse,
  { client, argumentsBytes, home, own: ownPlaces }: HookCallOptions,
): Call | RefusedCall {
  if ("fault" in read) return refused(client, use, { code: "input.invalid_json", reason: read.fault });
  const { tool } = read;
  const touched = guardOwnPlaces(read.touched, home, ownPlaces);
  const effect = graver(read.effect, gravestOf(touched));
  const resources = distinctResources(touched, use.cwd);
  const [resource] = resources;
  const tooMany = tooManyResources(resources) || resource === undefined;
  if (tooMany || Buffer.byteLength(canonicalJson(read.arguments)) > argumentsBytes)
    return refused(client, use, {
      code: "input.too_large",
      reason: "the use of the tool is larger than is judged here; do less at a time",
    });
  return {
    upstream: `tool:${client}`,
    method: HOOK_METHOD,
    tool,
    toolDefinitionHash: null,
    action: read.action ?? `tool:${client}/${tool}`,
    resource,
    ...(resources.length > 1 ? { resources } : {}),
    effect,
    arguments: read.arguments,
  };
}

function refused(
  client: HookClient,
  use: ToolUse,
  fault: { code: "input.invalid_json" | "input.too_large"; reason: string },
): RefusedCall {
  return { refused: { step: "input", ...fault }, action: `tool:${client}/${word(use.name)}`, resource: null };
}

function gravestOf(touched: readonly Touched[]): Effect {
  return touched.reduce<Effect>((gravest, { effect }) => graver(gravest, effect), "read");
}

/** A name as one word of an action or resource: what patterns and readers could misread is replaced. */
function word(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 128) || "unknown";
}

function text(input: JsonObject, member: string): string | null {
  const value = Object.hasOwn(input, member) ? input[member] : undefined;
  return typeof value === "string" ? value : null;
}

function own<V>(table: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

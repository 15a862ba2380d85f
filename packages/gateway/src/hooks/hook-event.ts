import { type Json, type JsonObject, isJsonObject } from "@countersign/core";
import type { ClientShape } from "./clients/client-shape.ts";
import { CLIENT_SHAPES, type HookClient } from "./clients/index.ts";

/** A use of one of a client's tools, as its hook tells it. */
export interface ToolUse {
  /** The client's name for this one use; null where it gives none. */
  readonly id: string | null;
  /** The client's name of the tool. */
  readonly name: string;
  readonly input: JsonObject;
  /** Where the client works. */
  readonly cwd: string;
  /** The MCP server and tool behind it, when it is one. */
  readonly mcp: { readonly server: string; readonly tool: string } | null;
}

/** What a client says through its hook. */
export type HookEvent =
  | { readonly kind: "before"; readonly session: string; readonly use: ToolUse }
  | {
      readonly kind: "after";
      readonly session: string;
      readonly use: ToolUse;
      readonly status: "ok" | "error";
      /** The result as the client shows it to its hook; absent when it does not. */
      readonly result: Json | undefined;
    }
  | { readonly kind: "prompt"; readonly session: string; readonly text: string }
  | { readonly kind: "start" | "end"; readonly session: string }
  /** Something that needs no answer and tells nothing that is needed here. */
  | { readonly kind: "other" };

export type ReadHookEvent =
  | { readonly ok: true; readonly event: HookEvent }
  | { readonly ok: false; readonly reason: string };

const MAX_NAME = 256;

/**
 * Reads what a client's hook was given on standard input (`docs/hooks.md` names the sources). INV-2: an event that is not known, or that lacks
 * what it must have, is no event: whoever called must refuse.
 */
export function readHookEvent(client: HookClient, payload: Json | undefined): ReadHookEvent {
  if (!isJsonObject(payload)) return refuse("the hook was not given an object");
  const shape = CLIENT_SHAPES[client];
  const event = payload["hook_event_name"];
  const kind = typeof event === "string" && Object.hasOwn(shape.events, event) ? shape.events[event] : undefined;
  if (kind === undefined) return refuse("the hook was given an event that is not known");
  const session = payload[shape.session];
  if (!isName(session)) return refuse(`the hook was given no \`${shape.session}\``);
  if (kind === "prompt") return promptEvent(session, payload);
  if (kind === "start" || kind === "end") return { ok: true, event: { kind, session } };
  if (shape.elsewhere?.(payload) === true) return { ok: true, event: { kind: "other" } };
  return useEvent(shape, { kind, session }, payload);
}

function useEvent(
  shape: ClientShape,
  { kind, session }: { readonly kind: "before" | "after" | "failed"; readonly session: string },
  payload: JsonObject,
): ReadHookEvent {
  const use = toolUse(shape, payload);
  if (use === null) return refuse("the hook was not told which tool is used in which folder");
  if (kind === "before") return { ok: true, event: { kind, session, use } };
  const status = kind === "failed" || shape.failed?.(payload) === true ? "error" : "ok";
  return { ok: true, event: { kind: "after", session, use, status, result: payload[shape.result] } };
}

function promptEvent(session: string, { prompt }: JsonObject): ReadHookEvent {
  return { ok: true, event: { kind: "prompt", session, text: typeof prompt === "string" ? prompt : "" } };
}

function toolUse(shape: ClientShape, payload: JsonObject): ToolUse | null {
  const { tool_name: name, tool_use_id: id } = payload;
  const input = inputOf(payload["tool_input"]);
  const cwd = shape.cwd(payload);
  if (!isName(name) || input === null || cwd === null) return null;
  return { id: isName(id) ? id : null, name, input, cwd, mcp: shape.mcp(name, payload) };
}

/** Cursor gives the arguments of an MCP tool as JSON text. */
function inputOf(input: Json | undefined): JsonObject | null {
  if (isJsonObject(input)) return input;
  if (input === undefined || input === null || input === "") return {};
  if (typeof input !== "string") return null;
  try {
    const parsed = JSON.parse(input) as Json;
    return isJsonObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_NAME;
}

function refuse(reason: string): ReadHookEvent {
  return { ok: false, reason };
}

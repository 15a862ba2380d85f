import { META, type MirroredParam, encodeHeaderValue, paramHeaders } from "@countersign/gateway";
import type { JsonObject } from "@countersign/core";
import { type RpcMessage, objectOf } from "./rpc-message.ts";

/** What the 2025 era keeps between requests. */
export interface LegacySession {
  readonly id: string | null;
  readonly version: string | null;
}

const ACCEPT = "application/json, text/event-stream";
const NAMED_BY: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
  "tasks/get": "taskId",
  "tasks/update": "taskId",
  "tasks/cancel": "taskId",
};

/** The headers that Streamable HTTP wants for a message which came over a pipe: derived from its body, or kept from `initialize`. */
export function gatewayHeaders(
  message: RpcMessage,
  session: LegacySession,
  mirrored: (tool: string) => readonly MirroredParam[],
): Record<string, string> {
  const base = { "content-type": "application/json", accept: ACCEPT };
  const version = message.meta[META.version];
  if (typeof version === "string" && message.method !== null)
    return { ...base, ...modern(message, message.method, { version, mirrored }) };
  if (message.method === "initialize") return base;
  return {
    ...base,
    ...(session.id === null ? {} : { "mcp-session-id": session.id }),
    ...(session.version === null ? {} : { "mcp-protocol-version": session.version }),
  };
}

interface Modern {
  readonly version: string;
  readonly mirrored: (tool: string) => readonly MirroredParam[];
}

function modern({ params }: RpcMessage, method: string, { version, mirrored }: Modern): Record<string, string> {
  const member = Object.hasOwn(NAMED_BY, method) ? NAMED_BY[method] : undefined;
  const name = member === undefined ? undefined : params[member];
  const named = typeof name === "string";
  const args = objectOf(params["arguments"]) as JsonObject;
  return {
    "mcp-protocol-version": encodeHeaderValue(version),
    "mcp-method": encodeHeaderValue(method),
    ...(named ? { "mcp-name": encodeHeaderValue(name) } : {}),
    ...(named && method === "tools/call" ? paramHeaders(mirrored(name), args) : {}),
  };
}

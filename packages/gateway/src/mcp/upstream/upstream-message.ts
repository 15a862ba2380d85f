import { isUtf8 } from "node:buffer";
import type { RequestId } from "../protocol.ts";
import { type Span, memberSpans } from "./member-spans.ts";

/** One JSON-RPC message of an upstream. A result stays the bytes that came; nothing in it was looked at. */
export type UpstreamMessage =
  | { readonly kind: "result"; readonly id: RequestId; readonly result: Buffer }
  | { readonly kind: "error"; readonly id: RequestId | null; readonly error: RpcError }
  | { readonly kind: "request"; readonly id: RequestId; readonly method: string; readonly params: unknown }
  | { readonly kind: "notification"; readonly method: string; readonly params: unknown };

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** Up to this size a result is checked to the last character; a larger one only for its nesting and encoding. */
const PARSED_BYTES = 1024 * 1024;
const SMALL_BYTES = 256 * 1024;

/** Reads one message of an upstream. Null: it is not one JSON-RPC 2.0 message. Never throws. */
export function readUpstreamMessage(bytes: Buffer): UpstreamMessage | null {
  if (!isUtf8(bytes)) return null;
  const spans = memberSpans(bytes);
  if (spans === null) return null;
  const members: Members = { bytes, spans };
  if (small(members, "jsonrpc") !== "2.0") return null;
  return spans.has("method") ? readCall(members) : readResponse(members);
}

interface Members {
  readonly bytes: Buffer;
  readonly spans: ReadonlyMap<string, Span>;
}

function readCall(members: Members): UpstreamMessage | null {
  const method = small(members, "method");
  if (typeof method !== "string") return null;
  if (!members.spans.has("id")) return { kind: "notification", method, params: small(members, "params") };
  const id = small(members, "id");
  return isId(id) ? { kind: "request", id, method, params: small(members, "params") } : null;
}

function readResponse(members: Members): UpstreamMessage | null {
  const id = small(members, "id") ?? null;
  const span = members.spans.get("result");
  if (members.spans.has("error") === (span !== undefined)) return null;
  if (span !== undefined) {
    const result = members.bytes.subarray(span.start, span.end);
    return isId(id) && isObject(result) ? { kind: "result", id, result } : null;
  }
  const error = small(members, "error");
  return (id === null || isId(id)) && isRpcError(error) ? { kind: "error", id, error } : null;
}

function isObject(result: Buffer): boolean {
  if (result[0] !== 0x7b) return false;
  if (result.length > PARSED_BYTES) return true;
  try {
    JSON.parse(result.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

/** The value of a member that is expected to be small; undefined when it is absent, not JSON or not small. */
function small({ bytes, spans }: Members, name: string): unknown {
  const span = spans.get(name);
  if (span === undefined || span.end - span.start > SMALL_BYTES) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8", span.start, span.end));
  } catch {
    return undefined;
  }
}

function isId(value: unknown): value is RequestId {
  return typeof value === "string" || Number.isSafeInteger(value);
}

function isRpcError(value: unknown): value is RpcError {
  if (typeof value !== "object" || value === null) return false;
  const { code, message } = value as Record<string, unknown>;
  return Number.isSafeInteger(code) && typeof message === "string";
}

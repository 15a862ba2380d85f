import { type Json, type JsonObject, isJsonObject } from "@countersign/core";
import { decodeHeaderValue } from "./header-value.ts";
import { type Era, META, MODERN_VERSION, RPC, type RequestId, isLegacyVersion, isModernVersion } from "./protocol.ts";

/** The headers that mirror the body (MCP 2026-07-28, Streamable HTTP), and the version header of 2025-06-18. */
export interface MirrorHeaders {
  readonly version: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
}

export interface ClientRequest {
  readonly kind: "request";
  readonly era: Era;
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  /** `params._meta`, empty when there is none. */
  readonly meta: JsonObject;
}
export type ClientMessage =
  | ClientRequest
  | { readonly kind: "notification"; readonly era: Era; readonly method: string; readonly params: JsonObject }
  /** The answer to something that we never asked. */
  | { readonly kind: "response" };

/** A JSON-RPC error and the HTTP status that goes with it. */
export interface RpcFault {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
  readonly id: RequestId | null;
}
export type ReadClientMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly fault: RpcFault };

const NO_MEMBERS: JsonObject = Object.freeze({});
/** The member of `params` that `Mcp-Name` mirrors, by method. */
const NAMED_BY: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
  "tasks/get": "taskId",
  "tasks/update": "taskId",
  "tasks/cancel": "taskId",
};

/**
 * Reads one message of a client and finds its era. The body alone decides the era: a message whose `_meta` names a protocol version is
 * modern. The headers must agree with the body, because others on the way decide by the headers.
 */
export function readClientMessage(body: Json, headers: MirrorHeaders): ReadClientMessage {
  if (Array.isArray(body)) return invalid(null, "batches are not served: send one message at a time");
  if (!isJsonObject(body) || body["jsonrpc"] !== "2.0") return invalid(null, "the body is not a JSON-RPC 2.0 message");
  const { method } = body;
  const id = "id" in body ? body["id"] : undefined;
  if (method === undefined && ("result" in body || "error" in body)) return { ok: true, message: { kind: "response" } };
  if (typeof method !== "string") return invalid(null, "the message has no method");
  if (id !== undefined && !isId(id)) return invalid(null, "the id of a request is a text or a whole number");
  const params = body["params"] ?? NO_MEMBERS;
  if (!isJsonObject(params)) return invalid(id ?? null, "`params` is not an object");
  const meta = params["_meta"] ?? NO_MEMBERS;
  if (!isJsonObject(meta)) return invalid(id ?? null, "`_meta` is not an object");
  const parts: Parts = { id: id ?? null, method, params, meta, headers };
  const fault = META.version in meta ? modernFault(parts) : legacyFault(parts);
  if (fault !== null) return { ok: false, fault };
  const modern =
    META.version in meta || (id === undefined && headers.version !== undefined && isModernVersion(headers.version));
  const era: Era = modern ? "modern" : "legacy";
  if (id === undefined) return { ok: true, message: { kind: "notification", era, method, params } };
  return { ok: true, message: { kind: "request", era, id, method, params, meta } };
}

interface Parts {
  readonly id: RequestId | null;
  readonly method: string;
  readonly params: JsonObject;
  readonly meta: JsonObject;
  readonly headers: MirrorHeaders;
}

function modernFault(parts: Parts): RpcFault | null {
  const { id, meta, headers } = parts;
  const envelope = envelopeFault(meta);
  if (envelope !== null && id !== null) {
    const message = `invalid \`_meta\` envelope: ${envelope.key}: ${envelope.problem}`;
    return { status: 400, code: RPC.invalidParams, message, data: { envelope }, id };
  }
  const claimed = meta[META.version];
  if (headers.version !== undefined && headers.version !== claimed) {
    return mismatch(id, headers.version, `the body names protocol version ${String(claimed)}`);
  }
  if (claimed !== MODERN_VERSION) {
    const data = { supported: [MODERN_VERSION], requested: typeof claimed === "string" ? claimed : "unknown" };
    return {
      status: 400,
      code: RPC.unsupportedVersion,
      message: `unsupported protocol version: ${data.requested}`,
      data,
      id,
    };
  }
  return mirrorFault(parts);
}

function mirrorFault({ id, method, params, headers }: Parts): RpcFault | null {
  if (headers.method !== undefined && headers.method !== method)
    return mismatch(id, headers.method, `the body names method ${method}`);
  // Only requests must carry the headers.
  if (id === null) return null;
  if (headers.version === undefined) return mismatch(id, "(missing)", "the header MCP-Protocol-Version is required");
  if (headers.method === undefined) return mismatch(id, "(missing)", "the header Mcp-Method is required");
  const member = Object.hasOwn(NAMED_BY, method) ? NAMED_BY[method] : undefined;
  const named = member === undefined ? undefined : params[member];
  if (member === undefined || typeof named !== "string") return null;
  if (headers.name === undefined) return mismatch(id, "(missing)", "the header Mcp-Name is required");
  if (decodeHeaderValue(headers.name) !== named)
    return mismatch(id, headers.name, `the body carries another params.${member}`);
  return null;
}

function envelopeFault(meta: JsonObject): { key: string; problem: string } | null {
  if (typeof meta[META.version] !== "string") return { key: META.version, problem: "expected a protocol version" };
  if (!(META.clientCapabilities in meta)) return { key: META.clientCapabilities, problem: "missing" };
  if (!isJsonObject(meta[META.clientCapabilities]))
    return { key: META.clientCapabilities, problem: "expected an object" };
  const info = meta[META.clientInfo];
  if (
    info !== undefined &&
    !(isJsonObject(info) && typeof info["name"] === "string" && typeof info["version"] === "string")
  ) {
    return { key: META.clientInfo, problem: "expected name and version" };
  }
  return null;
}

function legacyFault({ id, method, headers }: Parts): RpcFault | null {
  const { version } = headers;
  if (version === undefined) return null;
  if (isModernVersion(version)) {
    if (headers.method !== undefined && headers.method !== method)
      return mismatch(id, headers.method, `the body names method ${method}`);
    if (method === "initialize") return mismatch(id, version, "an `initialize` request belongs to an earlier version");
    if (id === null) return null;
    const data = { envelope: { missing: [META.version, META.clientCapabilities] } };
    return {
      status: 400,
      code: RPC.invalidParams,
      message: "the request lacks the `_meta` envelope of its protocol version",
      data,
      id,
    };
  }
  if (method === "initialize" || isLegacyVersion(version)) return null;
  return { status: 400, code: RPC.server, message: `unsupported protocol version: ${version.slice(0, 32)}`, id };
}

function mismatch(id: RequestId | null, header: string, body: string): RpcFault {
  const message = `the headers and the body disagree: ${body}`;
  return {
    status: 400,
    code: RPC.headerMismatch,
    message,
    data: { mismatch: { header: header.slice(0, 256), body } },
    id,
  };
}

function invalid(id: RequestId | null, message: string): ReadClientMessage {
  return { ok: false, fault: { status: 400, code: RPC.invalidRequest, message, id } };
}

function isId(value: Json | undefined): value is RequestId {
  return typeof value === "string" || (typeof value === "number" && Number.isSafeInteger(value));
}

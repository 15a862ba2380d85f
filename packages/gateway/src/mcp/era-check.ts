import { type JsonObject, isJsonObject } from "@countersign/core";
import { decodeHeaderValue } from "./header-value.ts";
import { type Era, META, MODERN_VERSION, RPC, type RequestId, isLegacyVersion, isModernVersion } from "./protocol.ts";
import type { RpcFault } from "./rpc-fault.ts";

/** The headers that mirror the body (MCP 2026-07-28, Streamable HTTP), and the version header of 2025-06-18. */
export interface MirrorHeaders {
  readonly version: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
}
export interface MessageParts {
  /** Null: a notification. */
  readonly id: RequestId | null;
  readonly method: string;
  readonly params: JsonObject;
  readonly meta: JsonObject;
  readonly headers: MirrorHeaders;
}

/** The member of `params` that `Mcp-Name` mirrors, by method. */
const NAMED_BY: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
  "tasks/get": "taskId",
  "tasks/update": "taskId",
  "tasks/cancel": "taskId",
};

/** The body alone decides the era: a message whose `_meta` names a protocol version is modern; only notifications may lack that. */
export function eraOf(parts: MessageParts): Era {
  const { id, headers } = parts;
  if (claimsModern(parts)) return "modern";
  return id === null && headers.version !== undefined && isModernVersion(headers.version) ? "modern" : "legacy";
}

/** What is wrong with the envelope of a message or with the headers that mirror it: others on the way decide by the headers alone. */
export function eraFault(parts: MessageParts): RpcFault | null {
  return claimsModern(parts) ? (envelopeFault(parts) ?? mirrorFault(parts)) : legacyFault(parts);
}

/** `initialize` is the greeting of the legacy era unless its envelope is without fault. */
function claimsModern({ id, method, meta }: MessageParts): boolean {
  const version = meta[META.version];
  if (version === undefined) return false;
  return (
    method !== "initialize" ||
    id === null ||
    (typeof version === "string" && isModernVersion(version) && wrongMember(meta) === null)
  );
}

function envelopeFault({ id, meta, headers }: MessageParts): RpcFault | null {
  const wrong = wrongMember(meta);
  if (wrong !== null && id !== null) {
    const message = `invalid \`_meta\` envelope: ${wrong.key}: ${wrong.problem}`;
    return { status: 400, code: RPC.invalidParams, message, data: { envelope: wrong }, id };
  }
  const named = meta[META.version];
  const claimed = typeof named === "string" ? named : "unknown";
  if (headers.version !== undefined && headers.version !== claimed) {
    return mismatch(id, headers.version, `the body names protocol version ${claimed}`);
  }
  if (claimed === MODERN_VERSION) return null;
  const data = { supported: [MODERN_VERSION], requested: claimed };
  return {
    status: 400,
    code: RPC.unsupportedVersion,
    message: `unsupported protocol version: ${claimed}`,
    data,
    id,
  };
}

function wrongMember(meta: JsonObject): { readonly key: string; readonly problem: string } | null {
  if (typeof meta[META.version] !== "string") return { key: META.version, problem: "expected a protocol version" };
  const capabilities = meta[META.clientCapabilities];
  if (!isJsonObject(capabilities)) {
    return { key: META.clientCapabilities, problem: capabilities === undefined ? "missing" : "expected an object" };
  }
  const info = meta[META.clientInfo];
  const named = isJsonObject(info) && typeof info["name"] === "string" && typeof info["version"] === "string";
  return info === undefined || named ? null : { key: META.clientInfo, problem: "expected name and version" };
}

function mirrorFault({ id, method, params, headers }: MessageParts): RpcFault | null {
  if (headers.method !== undefined && headers.method !== method) return wrongMethod(id, headers.method, method);
  // Only requests must carry the headers.
  if (id === null) return null;
  if (headers.version === undefined) return mismatch(id, "(missing)", "the header MCP-Protocol-Version is required");
  if (headers.method === undefined) return mismatch(id, "(missing)", "the header Mcp-Method is required");
  const member = Object.hasOwn(NAMED_BY, method) ? NAMED_BY[method] : undefined;
  const named = member === undefined ? undefined : params[member];
  if (typeof named !== "string") return null;
  if (headers.name === undefined) return mismatch(id, "(missing)", "the header Mcp-Name is required");
  return decodeHeaderValue(headers.name) === named
    ? null
    : mismatch(id, headers.name, `the body carries another params.${String(member)}`);
}

function legacyFault({ id, method, headers }: MessageParts): RpcFault | null {
  const { version } = headers;
  if (version === undefined) return null;
  if (isModernVersion(version)) {
    if (headers.method !== undefined && headers.method !== method) return wrongMethod(id, headers.method, method);
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

function wrongMethod(id: RequestId | null, header: string, method: string): RpcFault {
  return mismatch(id, header, `the body names method ${method}`);
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

import { type Json, type JsonObject, isJsonObject } from "@countersign/core";
import { type MirrorHeaders, eraFault, eraOf } from "./era-check.ts";
import { type Era, RPC, type RequestId } from "./protocol.ts";
import type { RpcFault } from "./rpc-fault.ts";

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
  /** The answer to a question; without a result it failed. */
  | { readonly kind: "response"; readonly id: Json | undefined; readonly result: Json | undefined };

export type ReadClientMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly fault: RpcFault };

const NO_MEMBERS: JsonObject = Object.freeze({});

/** Reads one message of a client, finds its era and holds the headers of the request against it (MCP 2026-07-28, Streamable HTTP). */
export function readClientMessage(body: Json, headers: MirrorHeaders): ReadClientMessage {
  if (Array.isArray(body)) return invalid(null, "batches are not served: send one message at a time");
  if (!isJsonObject(body) || body["jsonrpc"] !== "2.0") return invalid(null, "the body is not a JSON-RPC 2.0 message");
  const { method, id } = body;
  if (method === undefined && ("result" in body || "error" in body))
    return { ok: true, message: { kind: "response", id, result: body["result"] } };
  if (typeof method !== "string") return invalid(null, "the message has no method");
  if (id !== undefined && !isId(id)) return invalid(null, "the id of a request is a text or a whole number");
  return readCall({ id: id ?? null, method, params: body["params"] ?? NO_MEMBERS }, headers);
}

interface CallMembers {
  readonly id: RequestId | null;
  readonly method: string;
  readonly params: Json;
}

function readCall({ id, method, params }: CallMembers, headers: MirrorHeaders): ReadClientMessage {
  if (!isJsonObject(params)) return invalid(id, "`params` is not an object");
  const meta = params["_meta"] ?? NO_MEMBERS;
  if (!isJsonObject(meta)) return invalid(id, "`_meta` is not an object");
  const parts = { id, method, params, meta, headers };
  const fault = eraFault(parts);
  if (fault !== null) return { ok: false, fault };
  const era = eraOf(parts);
  if (id === null) return { ok: true, message: { kind: "notification", era, method, params } };
  return { ok: true, message: { kind: "request", era, id, method, params, meta } };
}

function invalid(id: RequestId | null, message: string): ReadClientMessage {
  return { ok: false, fault: { status: 400, code: RPC.invalidRequest, message, id } };
}

function isId(value: Json | undefined): value is RequestId {
  return typeof value === "string" || (typeof value === "number" && Number.isSafeInteger(value));
}

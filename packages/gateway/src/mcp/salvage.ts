import { isUtf8 } from "node:buffer";
import { type JsonFault, type JsonObject, type Step, codeRow } from "@countersign/core";
import type { RefusedCall } from "@countersign/enforce";
import type { ClientRequest } from "./client-message.ts";
import { methodAction, toolAction } from "./form-call.ts";
import { isMethodAction } from "./method-call.ts";
import { META, type RequestId } from "./protocol.ts";

export interface Salvaged {
  readonly message: ClientRequest;
  readonly fault: RefusedCall;
}

const NEXT: Readonly<Record<JsonFault, string>> = {
  "input.too_large": "send less at a time",
  "input.too_deep": "nest the arguments less deeply",
  "input.duplicate_key": "name each member once",
  "input.invalid_json": "send well-formed JSON with well-formed text",
  "input.number_not_exact": "send such a number as text",
};

/**
 * Finds out whether a body that broke a rule of the input was meant as a call, so that it can be recorded and refused as one. Nothing
 * else of it is used. Null when it was not.
 */
export function salvage(bytes: Buffer, code: JsonFault, upstream: string): Salvaged | null {
  const body = lenient(bytes);
  const method = body?.["method"];
  if (body === null || typeof method !== "string" || !isId(body["id"])) return null;
  const isTool = method === "tools/call";
  if (!isTool && !isMethodAction(method)) return null;
  const params = objectOf(body["params"]);
  const meta = objectOf(params["_meta"]);
  const { name } = params;
  const kept: JsonObject = typeof name === "string" ? { name } : {};
  const era = META.version in meta ? "modern" : "legacy";
  const step: Step = "input";
  const refused = { step, code, reason: `${codeRow(code).title}; ${NEXT[code]}` };
  return {
    message: { kind: "request", era, id: body["id"], method, params: kept, meta: {} },
    fault: {
      refused,
      action: isTool ? toolAction(upstream, name) : methodAction(upstream, method),
      resource: `mcp:${upstream}`,
    },
  };
}

function lenient(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  if (!isUtf8(bytes)) return null;
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return Array.isArray(value) ? null : objectOf(value);
  } catch {
    return null;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isId(value: unknown): value is RequestId {
  return typeof value === "string" || Number.isSafeInteger(value);
}

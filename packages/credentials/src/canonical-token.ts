import { isJsonObject, parseJson } from "@countersign/core";
import type { JsonObject } from "@countersign/core";
import { isBase64url } from "./base64url.ts";

/** Longest compact token that is read at all. */
export const TOKEN_LIMIT_BYTES = 16_384;
const JSON_LIMITS = { sizeBytes: TOKEN_LIMIT_BYTES, depth: 8 };

/** A compact JWS (RFC 7515 section 3.1) whose form was checked. Nothing in it is trusted before the signature is. */
export interface CompactToken {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  /** The ASCII bytes that are signed: everything before the last dot. */
  readonly signedBytes: Buffer;
  readonly signature: Buffer;
}
export type ParsedToken =
  | { readonly ok: true; readonly token: CompactToken }
  | { readonly ok: false; readonly code: "credential.not_canonical" };

const REFUSED: ParsedToken = { ok: false, code: "credential.not_canonical" };

/**
 * Reads a compact JWS strictly: three non-empty parts of canonical base64url, at most 16 KiB, header and payload strict JSON
 * objects without duplicate keys, no `crit`. So one token has one text, and what is keyed on the text (caches, replay
 * memories) cannot be passed by a second spelling of it. Never throws.
 */
export function parseCompact(text: string): ParsedToken {
  if (text.length > TOKEN_LIMIT_BYTES) return REFUSED;
  const first = text.indexOf(".");
  const last = text.lastIndexOf(".");
  if (first < 1 || last <= first + 1 || last === text.length - 1) return REFUSED;
  const header = readPart(text.slice(0, first));
  const payload = readPart(text.slice(first + 1, last));
  const signature = text.slice(last + 1);
  // RFC 7515 section 4.1.11: an extension that is marked critical and not understood must be refused. We understand none.
  if (header === null || payload === null || "crit" in header || !isBase64url(signature)) return REFUSED;
  const signedBytes = Buffer.from(text.slice(0, last), "latin1");
  return { ok: true, token: { header, payload, signedBytes, signature: Buffer.from(signature, "base64url") } };
}

function readPart(part: string): JsonObject | null {
  if (!isBase64url(part)) return null;
  const parsed = parseJson(Buffer.from(part, "base64url"), JSON_LIMITS);
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : null;
}

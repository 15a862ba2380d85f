/** A JSON value. Objects made by {@link parseJson} have no prototype, so `__proto__` and `toString` are ordinary keys. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The canonical form of RFC 8785 (JCS): the bytes that are hashed, signed and forwarded.
 * Keys sorted by UTF-16 code units, numbers as ECMAScript prints them. Members that are `undefined` are left out.
 * Throws a RangeError on a number that JSON cannot carry and on a lone surrogate.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new RangeError("number not finite");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return canonicalArray(value);
  if (typeof value !== "object") throw new RangeError("value not JSON");
  return canonicalObject(value as Record<string, unknown>);
}

function canonicalArray(value: readonly unknown[]): string {
  let out = "[";
  for (let i = 0; i < value.length; i += 1) out += (i === 0 ? "" : ",") + canonicalJson(value[i] ?? null);
  return `${out}]`;
}

function canonicalObject(object: Record<string, unknown>): string {
  let out = "{";
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member === undefined) continue;
    out += `${out.length === 1 ? "" : ","}${quote(key)}:${canonicalJson(member)}`;
  }
  return `${out}}`;
}

/** What stands in JSON as it is: most texts are names, and a test of them costs half of what a conversion does. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new RangeError("lone surrogate");
  return JSON.stringify(text);
}

const encoder = new TextEncoder();
/** UTF-8 bytes of the canonical form. */
export function canonicalBytes(value: unknown): Uint8Array {
  return encoder.encode(canonicalJson(value));
}

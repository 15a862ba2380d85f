const PREFIX = "=?base64?";
const SUFFIX = "?=";
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/** Writes a text as the value of an `Mcp-Name` or `Mcp-Param-…` header (MCP 2026-07-28, value encoding of SEP-2243). */
export function encodeHeaderValue(text: string): string {
  if (PLAIN.test(text) && !(text.startsWith(PREFIX) && text.endsWith(SUFFIX))) return text;
  return `${PREFIX}${Buffer.from(text, "utf8").toString("base64")}${SUFFIX}`;
}

/** Reads such a value back; null when its encoding is broken. */
export function decodeHeaderValue(value: string): string | null {
  if (!value.startsWith(PREFIX) || !value.endsWith(SUFFIX)) return value;
  const packed = value.slice(PREFIX.length, -SUFFIX.length);
  const bytes = Buffer.from(packed, "base64");
  // Buffer skips what it cannot read: only what encodes back to itself was base64.
  if (bytes.toString("base64") !== packed) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

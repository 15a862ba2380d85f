import { toBase64url } from "./base64url.ts";

/** The canonical form of RFC 8785, of a value that came from `JSON.parse`. Throws on a lone surrogate. */
export function jcs(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jcs).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    const members = sorted.map(([key, member]) => `${jcs(key)}:${jcs(member)}`);
    return `{${members.join(",")}}`;
  }
  const text = JSON.stringify(value);
  if (typeof value === "string" && /[\ud800-\udfff]/u.test(value)) throw new RangeError("lone surrogate");
  return text;
}

/** base64url(SHA-256(prefix ‖ JCS(value))). Needs a secure context. */
export async function digestOf(value: unknown, prefix = ""): Promise<string> {
  return toBase64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(prefix + jcs(value))));
}

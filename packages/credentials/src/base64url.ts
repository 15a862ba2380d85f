// A group of four, or a last group whose unused bits are zero: exactly the texts that re-encode to themselves.
const CANONICAL = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$/;

/** True when `text` is unpadded base64url (RFC 4648 section 5) that re-encodes to itself. */
export function isBase64url(text: string): boolean {
  return CANONICAL.test(text);
}

/** The bytes of canonical base64url text, or null when the text is not canonical or holds more than `maxBytes`. */
export function decodeBase64url(text: string, maxBytes: number): Buffer | null {
  if (text.length > Math.ceil((maxBytes * 4) / 3) || !CANONICAL.test(text)) return null;
  return Buffer.from(text, "base64url");
}

export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

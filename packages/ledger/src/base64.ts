const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FORM = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const VALUE: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (char, value) => [char, value]));

/** Standard base64 with padding, RFC 4648 section 4. */
export function encodeBase64(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += ALPHABET.charAt(word >> 18) + ALPHABET.charAt((word >> 12) & 63);
    out += left > 1 ? ALPHABET.charAt((word >> 6) & 63) : "=";
    out += left > 2 ? ALPHABET.charAt(word & 63) : "=";
  }
  return out;
}

/** The bytes, or null when `text` is not what {@link encodeBase64} prints: wrong alphabet, padding, or spare bits that are set. */
export function decodeBase64(text: string): Uint8Array | null {
  if (!FORM.test(text)) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const out = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4, at += 3) {
    let word = 0;
    for (let j = 0; j < 4; j += 1) word = (word << 6) | (VALUE.get(text.charAt(i + j)) ?? 0);
    out[at] = word >> 16;
    if (at + 1 < out.length) out[at + 1] = (word >> 8) & 255;
    else if ((word & 0xff00) !== 0) return null;
    if (at + 2 < out.length) out[at + 2] = word & 255;
    else if ((word & 0xff) !== 0) return null;
  }
  return out;
}

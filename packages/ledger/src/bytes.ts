/** True when both arrays hold the same bytes. Not constant-time: every value compared in this package is public. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += byte.toString(16).padStart(2, "0");
  return out;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** UTF-8 bytes of well-formed text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of `input`, or null when it is no well-formed UTF-8 or longer than `limitBytes`. */
export function boundedText(input: string | Uint8Array, limitBytes: number): string | null {
  if (input.length > limitBytes) return null;
  if (typeof input === "string") return input.isWellFormed() && utf8(input).length <= limitBytes ? input : null;
  try {
    return decoder.decode(input);
  } catch {
    return null;
  }
}

const BEGIN = "-----BEGIN CERTIFICATE-----\n";
const END = "-----END CERTIFICATE-----\n";

/** A certificate as text (RFC 7468 §5, strict form): lines of 64 characters, a line feed after each. */
export function toPem(der: Uint8Array): string {
  const text = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("base64");
  return `${BEGIN}${text.replace(/.{1,64}/g, "$&\n")}${END}`;
}

/**
 * The certificates of a text that holds nothing else, in their order; null for any other text: one list of certificates has one text.
 * `most` bounds their number. Never throws.
 */
export function fromPem(text: string, most: number): readonly Buffer[] | null {
  if (text.length > most * PEM_LIMIT) return null;
  const bodies = text.split(BEGIN).slice(1);
  if (bodies.length === 0 || bodies.length > most) return null;
  const ders = bodies.map((body) => Buffer.from(body.slice(0, -END.length), "base64"));
  return ders.map(toPem).join("") === text ? ders : null;
}

/** Longest text of one certificate. */
const PEM_LIMIT = 8192;

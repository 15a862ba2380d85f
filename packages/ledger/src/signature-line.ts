import { decodeBase64, encodeBase64 } from "./base64.ts";
import { concatBytes, hex } from "./bytes.ts";
import { isKeyName } from "./vkey.ts";

export interface NoteSignature {
  readonly name: string;
  /** Eight lower-case hexadecimal digits. */
  readonly keyId: string;
  /** What follows the key id; for a cosignature it begins with the timestamp. */
  readonly signature: Uint8Array;
}

const DASH = "\u2014 ";
const ID_BYTES = 4;

/** `— <name> <base64(key id ‖ signature)>` and a newline. c2sp.org/signed-note. */
export function printSignatureLine(signature: NoteSignature): string {
  const id = Uint8Array.from({ length: ID_BYTES }, (_, i) =>
    Number.parseInt(signature.keyId.slice(2 * i, 2 * i + 2), 16),
  );
  return `${DASH}${signature.name} ${encodeBase64(concatBytes([id, signature.signature]))}\n`;
}

/** Reads a line as {@link printSignatureLine} prints it, without its newline; null when it has another form. */
export function parseSignatureLine(line: string): NoteSignature | null {
  const [dash, name = "", encoded = "", more] = line.split(" ", 4);
  const bytes = decodeBase64(encoded);
  if (`${dash ?? ""} ` !== DASH || more !== undefined || bytes === null || bytes.length <= ID_BYTES || !isKeyName(name))
    return null;
  return { name, keyId: hex(bytes.subarray(0, ID_BYTES)), signature: bytes.slice(ID_BYTES) };
}

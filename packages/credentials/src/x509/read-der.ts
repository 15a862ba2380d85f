import { TAG, time } from "./der.ts";

/** One element as it was read: `whole` are its bytes with tag and length. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

/** Most elements that one level may hold. */
const MOST = 32;

/**
 * The elements that fill these bytes, one level of them. Null for anything that is not DER: tags of several bytes, indefinite or padded
 * lengths, bytes too few or left over. Never throws.
 */
export function readElements(bytes: Buffer): readonly Element[] | null {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const read = readOne(bytes.subarray(at));
    if (read === null || found.length === MOST) return null;
    found.push(read);
    at += read.whole.length;
  }
  return found;
}

/** The one element that fills these bytes; null when they are anything else. */
export function readElement(bytes: Buffer): Element | null {
  const read = readOne(bytes);
  return read?.whole.length === bytes.length ? read : null;
}

/** What stands in a SEQUENCE; null when it is none. */
export function readSequence(of: Element | null | undefined): readonly Element[] | null {
  return of?.tag === TAG.sequence ? readElements(of.content) : null;
}

function readOne(bytes: Buffer): Element | null {
  if (bytes.length < 2) return null;
  const tag = bytes.readUInt8(0);
  const size = readLength(bytes);
  if ((tag & 0x1f) === 0x1f || size === null || size.header + size.content > bytes.length) return null;
  const whole = bytes.subarray(0, size.header + size.content);
  return { tag, content: whole.subarray(size.header), whole };
}

/** A certificate needs no length above 65,535. */
function readLength(bytes: Buffer): { readonly header: number; readonly content: number } | null {
  const first = bytes.readUInt8(1);
  if (first < 0x80) return { header: 2, content: first };
  if (first === 0x81 && bytes.length >= 3 && bytes.readUInt8(2) >= 0x80)
    return { header: 3, content: bytes.readUInt8(2) };
  if (first === 0x82 && bytes.length >= 4 && bytes.readUInt16BE(2) >= 0x100)
    return { header: 4, content: bytes.readUInt16BE(2) };
  return null;
}

/** Unix milliseconds of a time in the one form that RFC 5280 allows for it; null otherwise. */
export function readTime({ tag, content }: Element): number | null {
  const text = content.toString("latin1");
  const digits = tag === TAG.utcTime ? `${Number(text.slice(0, 2)) < 50 ? "20" : "19"}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(ms)) return null;
  // One time, one spelling: the 31st of February and a UTCTime in a GeneralizedTime's place end here.
  const again = time(ms);
  return again.readUInt8(0) === tag && again.subarray(2).equals(content) ? ms : null;
}

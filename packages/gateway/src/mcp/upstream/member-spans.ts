export interface Span {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const MAX_DEPTH = 512;
const MAX_KEY_BYTES = 1024;
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;

/**
 * Where the values of the top members of one JSON object lie in its bytes. Reads no further into them than needed to find their ends:
 * strings are skipped, brackets are matched. Null when `bytes` is not exactly one well-nested object, names a member twice, or nests
 * deeper than 512.
 */
export function memberSpans(bytes: Uint8Array): ReadonlyMap<string, Span> | null {
  const members = new Map<string, Span>();
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_OBJECT) return null;
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== CLOSE_OBJECT) {
    if (members.size > 0) {
      if (bytes[at] !== COMMA) return null;
      at = skipSpace(bytes, at + 1);
    }
    const keyEnd = skipString(bytes, at);
    if (keyEnd < 0 || keyEnd - at > MAX_KEY_BYTES) return null;
    const key = readKey(bytes, at, keyEnd);
    at = skipSpace(bytes, keyEnd);
    if (key === null || members.has(key) || bytes[at] !== COLON) return null;
    const start = skipSpace(bytes, at + 1);
    const end = skipValue(bytes, start);
    if (end < 0) return null;
    members.set(key, { start, end });
    at = skipSpace(bytes, end);
  }
  return skipSpace(bytes, at + 1) === bytes.length ? members : null;
}

function readKey(bytes: Uint8Array, start: number, end: number): string | null {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8")) as string;
  } catch {
    return null;
  }
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

/** Index after the closing quote of the string that opens at `from`; −1 when there is none. */
function skipString(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== QUOTE) return -1;
  const { length } = bytes;
  for (let at = from + 1; at < length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at += 1;
  }
  return -1;
}

function skipValue(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  if (first === QUOTE) return skipString(bytes, from);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return skipNested(bytes, from);
  return skipScalar(bytes, from);
}

function skipScalar(bytes: Uint8Array, from: number): number {
  let end = from;
  while (end < bytes.length && end - from <= 64 && !endsScalar(bytes[end])) end += 1;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString("latin1");
  return SCALAR.test(text) ? end : -1;
}

function endsScalar(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || (byte !== undefined && byte <= 0x20);
}

function skipNested(bytes: Uint8Array, from: number): number {
  const closers: number[] = [];
  const { length } = bytes;
  for (let at = from; at < length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = skipString(bytes, at) - 1;
      if (at < 0) return -1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      // `]` and `}` stand two places after the bracket that they close.
      if (closers.push(byte + 2) > MAX_DEPTH) return -1;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (closers.pop() !== byte) return -1;
      if (closers.length === 0) return at + 1;
    }
  }
  return -1;
}

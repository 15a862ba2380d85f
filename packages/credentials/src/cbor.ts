/** A CBOR value as far as WebAuthn needs it: maps have integer or text keys. */
export type Cbor = number | string | boolean | null | Uint8Array | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;
export type ReadCbor = { readonly ok: true; readonly value: Cbor; readonly end: number } | { readonly ok: false };

const MAX_DEPTH = 4;
const MAX_ITEMS = 64;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one CBOR item (RFC 8949) that starts at `offset`, strictly: definite lengths, shortest integers, no tags,
 * no floats, no duplicate keys, depth at most 4 (CTAP 2.1 section 8, but any order of keys). `end` is the offset after it. Never throws.
 */
export function readCbor(bytes: Uint8Array, offset = 0): ReadCbor {
  const reader = new Reader(bytes, offset);
  try {
    const value = reader.item(0);
    return { ok: true, value, end: reader.at };
  } catch {
    return { ok: false };
  }
}

class Reader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = offset;
  }

  item(depth: number): Cbor {
    if (depth > MAX_DEPTH) throw new RangeError("cbor too deep");
    const start = this.#bytes.readUInt8(this.at);
    const argument = this.#argument();
    switch (start >> 5) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return this.#take(argument);
      case 3:
        return utf8.decode(this.#take(argument));
      case 4:
        return this.#array(argument, depth);
      case 5:
        return this.#map(argument, depth);
      case 7:
        return simple(start);
      default:
        throw new RangeError("cbor tags are not used here");
    }
  }

  #argument(): number {
    const info = this.#bytes.readUInt8(this.at) & 31;
    this.at += 1;
    if (info < 24) return info;
    const width = { 24: 1, 25: 2, 26: 4 }[info];
    if (width === undefined) throw new RangeError("cbor length too large or indefinite");
    const value = this.#bytes.readUIntBE(this.at, width);
    this.at += width;
    if (value < { 1: 24, 2: 0x100, 4: 0x1_0000 }[width as 1 | 2 | 4])
      throw new RangeError("cbor integer not in shortest form");
    return value;
  }

  #take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new RangeError("cbor ends early");
    const slice = this.#bytes.subarray(this.at, end);
    this.at = end;
    return slice;
  }

  #array(count: number, depth: number): Cbor {
    if (count > MAX_ITEMS) throw new RangeError("cbor array too long");
    return Array.from({ length: count }, () => this.item(depth + 1));
  }

  #map(count: number, depth: number): Cbor {
    if (count > MAX_ITEMS) throw new RangeError("cbor map too long");
    const map = new Map<number | string, Cbor>();
    for (let i = 0; i < count; i += 1) {
      const key = this.item(depth + 1);
      if ((typeof key !== "number" && typeof key !== "string") || map.has(key)) throw new RangeError("cbor key");
      map.set(key, this.item(depth + 1));
    }
    return map;
  }
}

function simple(start: number): Cbor {
  if (start === 0xf4) return false;
  if (start === 0xf5) return true;
  if (start === 0xf6) return null;
  throw new RangeError("cbor simple value not used here");
}

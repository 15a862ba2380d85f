export type Encodable = number | string | Uint8Array | ReadonlyMap<number | string, Encodable>;

/** Encodes the few CBOR forms that an authenticator writes. */
export function encodeCbor(value: Encodable): Buffer {
  if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  const parts = [head(5, value.size)];
  for (const [key, member] of value) parts.push(encodeCbor(key), encodeCbor(member));
  return Buffer.concat(parts);
}

function head(major: number, value: number): Buffer {
  const top = major << 5;
  if (value < 24) return Buffer.from([top | value]);
  if (value < 0x100) return Buffer.from([top | 24, value]);
  const wide = Buffer.from([top | 25, 0, 0]);
  wide.writeUInt16BE(value, 1);
  return wide;
}

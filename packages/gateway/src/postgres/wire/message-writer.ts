/** Builds one message: a code, its length, and the parts in their order. */
export function message(code: string, ...parts: readonly Buffer[]): Buffer {
  let sizeBytes = 4;
  for (const part of parts) sizeBytes += part.length;
  const bytes = Buffer.allocUnsafe(1 + sizeBytes);
  bytes.writeUInt8(code.charCodeAt(0), 0);
  bytes.writeInt32BE(sizeBytes, 1);
  fill(bytes, 5, parts);
  return bytes;
}

/** A message of the start of a connection: a length and the parts, without a code. */
export function startMessage(...parts: readonly Buffer[]): Buffer {
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 4);
  const bytes = Buffer.allocUnsafe(sizeBytes);
  bytes.writeInt32BE(sizeBytes, 0);
  fill(bytes, 4, parts);
  return bytes;
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`, "utf8");
}
export function uint8(value: number): Buffer {
  return Buffer.of(value);
}
export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value, 0);
  return bytes;
}
/** A count and so many numbers of sixteen bits. */
export function int16List(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(2 + 2 * values.length);
  bytes.writeUInt16BE(values.length, 0);
  values.forEach((value, at) => bytes.writeUInt16BE(value, 2 + 2 * at));
  return bytes;
}
/** A count and so many numbers of thirty-two bits. */
export function int32List(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(2 + 4 * values.length);
  bytes.writeUInt16BE(values.length, 0);
  values.forEach((value, at) => bytes.writeUInt32BE(value, 2 + 4 * at));
  return bytes;
}

function fill(bytes: Buffer, from: number, parts: readonly Buffer[]): void {
  let at = from;
  for (const part of parts) {
    part.copy(bytes, at);
    at += part.length;
  }
}

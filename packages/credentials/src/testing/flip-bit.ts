/** The text with one of the seven bits of one of its ASCII characters changed. */
export function flipBit(text: string, bit: number): string {
  const bytes = Buffer.from(text, "latin1");
  const at = Math.floor(bit / 7);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 7)), at);
  return bytes.toString("latin1");
}

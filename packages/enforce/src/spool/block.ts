import { hash } from "node:crypto";

/** Begins every block: not UTF-8, so that it stands in no JSON text. */
const MAGIC = Buffer.from([0xc5, 0xf1, 0x00, 0x01]);
const HEAD_BYTES = 8;
const SUM_BYTES = 16;
/** Longest body of a block. */
export const MOST_BODY_BYTES: number = 8 * 1024 * 1024;
const BLOCK_OVERHEAD_BYTES: number = HEAD_BYTES + SUM_BYTES;

/** What a file of the spool is made of: magic (4) ‖ length (uint32, big-endian) ‖ body ‖ first 16 bytes of SHA-256(length ‖ body). */
export function encodeBlock(body: string): Buffer {
  const length = Buffer.byteLength(body);
  const block = Buffer.allocUnsafe(length + BLOCK_OVERHEAD_BYTES);
  MAGIC.copy(block);
  block.writeUInt32BE(length, MAGIC.length);
  block.write(body, HEAD_BYTES);
  sumOf(block.subarray(MAGIC.length, HEAD_BYTES + length)).copy(block, HEAD_BYTES + length);
  return block;
}

export type ReadBlock = { readonly ok: true; readonly body: Buffer; readonly end: number } | { readonly ok: false };

/** The block that begins at `at`, if there is a whole one. Never throws. */
export function readBlock(bytes: Buffer, at: number): ReadBlock {
  const bodyAt = at + HEAD_BYTES;
  if (at < 0 || bytes.length < bodyAt + SUM_BYTES) return { ok: false };
  if (MAGIC.compare(bytes, at, at + MAGIC.length) !== 0) return { ok: false };
  const length = bytes.readUInt32BE(at + MAGIC.length);
  const sumAt = bodyAt + length;
  if (length > MOST_BODY_BYTES || bytes.length < sumAt + SUM_BYTES) return { ok: false };
  const sum = sumOf(bytes.subarray(at + MAGIC.length, sumAt));
  if (sum.compare(bytes, sumAt, sumAt + SUM_BYTES) !== 0) return { ok: false };
  return { ok: true, body: bytes.subarray(bodyAt, sumAt), end: sumAt + SUM_BYTES };
}

/** Where the next block may begin, at or after `at`; null: nowhere. */
export function nextMagic(bytes: Buffer, at: number): number | null {
  const found = bytes.indexOf(MAGIC, at);
  return found === -1 ? null : found;
}

function sumOf(bytes: Buffer): Buffer {
  return hash("sha256", bytes, "buffer").subarray(0, SUM_BYTES);
}

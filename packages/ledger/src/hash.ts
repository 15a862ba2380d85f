import { AppError } from "@countersign/core";
import { LIMITS } from "./limits.ts";

/** SHA-256 of `bytes`, 32 bytes. Synchronous; must not keep its argument, whose memory is used again. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;
export const HASH_BYTES = 32;

/** Hash of one entry as a leaf: H(0x00 ‖ entry). At most 65,535 bytes, else `input.too_large` is thrown. RFC 6962 section 2.1. */
export type LeafHash = (entry: Uint8Array) => Uint8Array;
/** Hash of an inner node: H(0x01 ‖ left ‖ right). Both hashes have 32 bytes. RFC 6962 section 2.1. */
export type NodeHash = (left: Uint8Array, right: Uint8Array) => Uint8Array;

/** Makes a leaf hash function that owns one buffer, so that hashing many entries allocates nothing but the results. */
export function leafHasher(sha256: Sha256): LeafHash {
  let buffer = new Uint8Array(1024);
  return (entry) => {
    if (entry.length > LIMITS.entryBytes)
      throw new AppError("input.too_large", { detail: "ledger entry over 65535 bytes" });
    if (buffer.length <= entry.length) buffer = new Uint8Array(LIMITS.entryBytes + 1);
    buffer.set(entry, 1);
    return sha256(buffer.subarray(0, entry.length + 1));
  };
}

/** Makes a node hash function that owns one buffer. */
export function nodeHasher(sha256: Sha256): NodeHash {
  const buffer = new Uint8Array(1 + 2 * HASH_BYTES);
  buffer[0] = 1;
  return (left, right) => {
    buffer.set(left, 1);
    buffer.set(right, 1 + HASH_BYTES);
    return sha256(buffer);
  };
}

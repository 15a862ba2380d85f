import { HASH_BYTES, type NodeHash } from "./hash.ts";

/** The entries from `start` up to and without `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

// Sizes go up to 2^53 - 1: this file divides and multiplies, because the bit operators of JavaScript cut to 32 bits.

/** The largest power of two that is at most `n`; `n` is at least 1. */
export function powerWithin(n: number): number {
  let power = 1;
  while (power <= n / 2) power *= 2;
  return power;
}

/** The `k` of RFC 6962 section 2.1: the largest power of two strictly below `n`; `n` is at least 2. */
export function splitPoint(n: number): number {
  const power = powerWithin(n);
  return power === n ? power / 2 : power;
}

/** The perfect subtrees that make up a range, left to right, so each one is larger than the next. The range is aligned as RFC 6962 splits. */
export function perfectSubtrees(range: Range): Range[] {
  const out: Range[] = [];
  for (let start = range.start; start < range.end;) {
    const end = start + powerWithin(range.end - start);
    out.push({ start, end });
    start = end;
  }
  return out;
}

/** The root over perfect subtrees given left to right by their roots; at least one. */
export function foldSubtrees(node: NodeHash, roots: readonly Uint8Array[]): Uint8Array {
  return roots.reduceRight((right, left) => node(left, right));
}

/** The root of a perfect tree over `bytes`: 2^k concatenated hashes. */
export function perfectRoot(node: NodeHash, bytes: Uint8Array): Uint8Array {
  const work = bytes.slice();
  for (let end = work.length; end > HASH_BYTES; end /= 2) {
    for (let at = 0; at < end; at += 2 * HASH_BYTES) {
      const middle = at + HASH_BYTES;
      work.set(node(work.subarray(at, middle), work.subarray(middle, middle + HASH_BYTES)), at / 2);
    }
  }
  return work.slice(0, HASH_BYTES);
}

/** The subtrees whose roots form the inclusion proof of an entry, the leaf's sibling first. RFC 6962 section 2.1.1. */
export function inclusionRanges(index: number, size: number): Range[] {
  const out: Range[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      out.push({ start: middle, end });
      end = middle;
    } else {
      out.push({ start, end: middle });
      start = middle;
    }
  }
  return out.reverse();
}

/** The subtrees whose roots form the consistency proof between two sizes, `oldSize` ≤ `size`. RFC 6962 section 2.1.2. */
export function consistencyRanges(oldSize: number, size: number): Range[] {
  if (oldSize === 0) return [];
  const out: Range[] = [];
  let start = 0;
  let end = size;
  while (end !== oldSize) {
    const middle = start + splitPoint(end - start);
    if (oldSize <= middle) {
      out.push({ start: middle, end });
      end = middle;
    } else {
      out.push({ start, end: middle });
      start = middle;
    }
  }
  // The old tree itself, when it is a perfect subtree at the left, is known to the verifier and left out.
  if (start !== 0) out.push({ start, end });
  return out.reverse();
}

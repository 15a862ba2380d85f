import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consistency, leafOf, mth, path, repeated } from "./testing/naive-tree.ts";
import { nodeSha256 } from "./testing/sample-log.ts";
import { nodeHasher } from "./hash.ts";
import { type ConsistencyClaim, type InclusionClaim, verifyConsistency, verifyInclusion } from "./proof.ts";

const leaves = Array.from({ length: 300 }, (_, i) => leafOf(Buffer.from(String(i))));
const inclusion = (index: number, size: number): InclusionClaim => {
  const part = leaves.slice(0, size);
  return { index, size, leafHash: part[index] as Uint8Array, proof: path(index, part), root: mth(part) };
};
const growth = (oldSize: number, size: number): ConsistencyClaim => {
  const part = leaves.slice(0, size);
  const proof = oldSize === 0 ? [] : consistency(oldSize, part);
  return { oldSize, size, proof, oldRoot: mth(leaves.slice(0, oldSize)), root: mth(part) };
};

/** The hash with one bit turned over. */
function flip(hash: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(hash);
  const at = Math.floor(bit / 8) % out.length;
  out[at] = (out[at] ?? 0) ^ (1 << (bit % 8));
  return out;
}
/** Each claim that differs from this one by one bit of one hash. */
function* flipped<C extends InclusionClaim | ConsistencyClaim>(claim: C, bit: number): Generator<C> {
  for (const [name, value] of Object.entries(claim)) {
    if (value instanceof Uint8Array) yield { ...claim, [name]: flip(value, bit) };
  }
  for (const [i, hash] of claim.proof.entries()) yield { ...claim, proof: claim.proof.with(i, flip(hash, bit)) };
}
const bit = fc.nat(255);

describe("verifyInclusion", () => {
  it("accepts every proof of every entry up to size 40", () => {
    for (let size = 1; size <= 40; size += 1) {
      for (let index = 0; index < size; index += 1)
        expect(verifyInclusion(nodeSha256, inclusion(index, size))).toBe(true);
    }
  });

  it("refuses any one changed bit, a hash more and a hash less", () => {
    const place = fc
      .integer({ min: 1, max: leaves.length })
      .chain((size) => fc.tuple(fc.nat(size - 1), fc.constant(size)));
    fc.assert(
      fc.property(place, bit, ([index, size], at) => {
        const claim = inclusion(index, size);
        expect(verifyInclusion(nodeSha256, claim)).toBe(true);
        for (const other of flipped(claim, at)) expect(verifyInclusion(nodeSha256, other)).toBe(false);
        expect(verifyInclusion(nodeSha256, { ...claim, proof: [...claim.proof, claim.root] })).toBe(false);
        const shorter = { ...claim, proof: claim.proof.slice(1) };
        expect(verifyInclusion(nodeSha256, shorter)).toBe(claim.proof.length === 0);
      }),
    );
  });

  it("refuses a proof in a smaller tree as one in a larger", () => {
    const claim = inclusion(0, 2);
    for (const size of [3, 4, 5, 2 ** 40]) expect(verifyInclusion(nodeSha256, { ...claim, size })).toBe(false);
    expect(verifyInclusion(nodeSha256, { ...inclusion(0, 1), size: 2 })).toBe(false);
  });

  it("refuses a proof in a larger tree as one in a smaller", () => {
    expect(verifyInclusion(nodeSha256, { ...inclusion(1, 2), index: 0, size: 1 })).toBe(false);
    expect(verifyInclusion(nodeSha256, { ...inclusion(7, 8), index: 3, size: 4 })).toBe(false);
    expect(verifyInclusion(nodeSha256, { ...inclusion(0, 1), index: 1 })).toBe(false);
  });

  it("refuses values that are no index, size, hash or proof", () => {
    const claim = inclusion(3, 7);
    const bad: Partial<InclusionClaim>[] = [
      { index: -1 },
      { index: 7 },
      { index: 3.5 },
      { index: Number.NaN },
      { size: 0 },
      { size: 2 ** 53 },
      { size: Number.POSITIVE_INFINITY },
      { leafHash: new Uint8Array(31) },
      { root: new Uint8Array(0) },
      { proof: [...claim.proof.slice(1), new Uint8Array(33)] },
      { proof: Array.from({ length: 64 }, () => claim.root) },
    ];
    for (const change of bad) expect(verifyInclusion(nodeSha256, { ...claim, ...change })).toBe(false);
  });
});

describe("verifyConsistency", () => {
  it("accepts every pair of sizes up to 40", () => {
    for (let size = 0; size <= 40; size += 1) {
      for (let oldSize = 0; oldSize <= size; oldSize += 1)
        expect(verifyConsistency(nodeSha256, growth(oldSize, size))).toBe(true);
    }
  });

  it("refuses any one changed bit, a hash more and a hash less", () => {
    const sizes = fc
      .integer({ min: 1, max: leaves.length })
      .chain((size) => fc.tuple(fc.integer({ min: 1, max: size }), fc.constant(size)));
    fc.assert(
      fc.property(sizes, bit, ([oldSize, size], at) => {
        const claim = growth(oldSize, size);
        expect(verifyConsistency(nodeSha256, claim)).toBe(true);
        for (const other of flipped(claim, at)) expect(verifyConsistency(nodeSha256, other)).toBe(false);
        expect(verifyConsistency(nodeSha256, { ...claim, proof: [...claim.proof, claim.root] })).toBe(false);
        const shorter = { ...claim, proof: claim.proof.slice(0, -1) };
        expect(verifyConsistency(nodeSha256, shorter)).toBe(claim.proof.length === 0);
      }),
    );
  });

  it("refuses a log that changed or lost an old entry", () => {
    fc.assert(
      fc.property(fc.nat(99), fc.integer({ min: 100, max: 300 }), (changed, size) => {
        const honest = growth(100, size);
        const rewritten = leaves.slice(0, size).with(changed, leafOf(Buffer.from("rewritten")));
        const claim = { ...honest, proof: size === 100 ? [] : consistency(100, rewritten), root: mth(rewritten) };
        expect(verifyConsistency(nodeSha256, claim)).toBe(false);
      }),
    );
  });

  it("refuses a proof between smaller trees as one to a larger", () => {
    const claim = growth(4, 8);
    for (const size of [9, 16, 2 ** 40]) expect(verifyConsistency(nodeSha256, { ...claim, size })).toBe(false);
    for (const size of [5, 8, 2 ** 40]) {
      expect(verifyConsistency(nodeSha256, { ...growth(4, 4), size })).toBe(false);
    }
  });

  it("refuses a proof that goes on above both roots", () => {
    const claim = growth(3, 4);
    const node = nodeHasher(nodeSha256);
    const above = leaves[9] as Uint8Array;
    const higher = { ...claim, oldRoot: node(above, claim.oldRoot), root: node(above, claim.root) };
    expect(verifyConsistency(nodeSha256, { ...higher, proof: [...claim.proof, above] })).toBe(false);
  });

  it("accepts only the empty proof and the empty root from size 0", () => {
    const claim = growth(0, 9);
    expect(verifyConsistency(nodeSha256, { ...claim, proof: [claim.root] })).toBe(false);
    expect(verifyConsistency(nodeSha256, { ...claim, oldRoot: claim.root })).toBe(false);
    expect(verifyConsistency(nodeSha256, { ...growth(0, 0), root: claim.root })).toBe(false);
    expect(verifyConsistency(nodeSha256, { ...growth(0, 0), oldRoot: claim.root, root: claim.root })).toBe(false);
  });

  it("refuses values that are no size, hash or proof", () => {
    const claim = growth(6, 7);
    const bad: Partial<ConsistencyClaim>[] = [
      { oldSize: 8 },
      { oldSize: -1 },
      { oldSize: 0.5 },
      { size: 2 ** 53 },
      { oldRoot: new Uint8Array(31) },
      { root: new Uint8Array(33) },
      { proof: [] },
      { proof: [new Uint8Array(1), ...claim.proof.slice(1)] },
      { proof: Array.from({ length: 64 }, () => claim.root) },
    ];
    for (const change of bad) expect(verifyConsistency(nodeSha256, { ...claim, ...change })).toBe(false);
    expect(verifyConsistency(nodeSha256, { ...growth(7, 7), proof: [claim.root] })).toBe(false);
    expect(verifyConsistency(nodeSha256, { ...growth(4, 7), proof: [] })).toBe(false);
  });
});

it("holds for sizes beyond 32 bits, up to 2^53 - 1", () => {
  const leafHash = leafOf(Buffer.from("the same entry"));
  const tree = repeated(leafHash);
  const sizes = [2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 12_345, 2 ** 53 - 2, 2 ** 53 - 1];
  for (const size of sizes) {
    const root = tree.root(size);
    for (const index of [0, 1, 255, 2 ** 31 - 1, size - 2, size - 1]) {
      const claim = { index, size, leafHash, proof: tree.path(index, size), root };
      expect(verifyInclusion(nodeSha256, claim)).toBe(true);
      for (const other of flipped(claim, 7)) expect(verifyInclusion(nodeSha256, other)).toBe(false);
    }
    for (const oldSize of [1, 2 ** 30, 2 ** 31 - 1, size - 1, size]) {
      const claim = { oldSize, size, proof: tree.consistency(oldSize, size), oldRoot: tree.root(oldSize), root };
      expect(verifyConsistency(nodeSha256, claim)).toBe(true);
      for (const other of flipped(claim, 7)) expect(verifyConsistency(nodeSha256, other)).toBe(false);
    }
  }
});

import { AppError } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consistency, leafOf, mth, path, repeated } from "./testing/naive-tree.ts";
import { nodeSha256, sampleEntry, sampleLog } from "./testing/sample-log.ts";
import { verifyConsistency, verifyInclusion } from "./proof.ts";
import { syncTileReader, tileReader } from "./tile-reader.ts";
import type { ReadFileSync } from "./tile-source.ts";

const SIZE = 1000;
const log = sampleLog(SIZE);
const leaves = Array.from({ length: SIZE }, (_, i) => leafOf(sampleEntry(i)));
const reader = syncTileReader(nodeSha256, log.read);
const hexes = (hashes: readonly Uint8Array[]): string[] => hashes.map((hash) => Buffer.from(hash).toString("hex"));

describe("proofs from tiles", () => {
  it("are those of the definition, for every entry", () => {
    for (let index = 0; index < SIZE; index += 37)
      expect(hexes(reader.inclusionProof(index, SIZE))).toEqual(hexes(path(index, leaves)));
    for (let old = 1; old <= SIZE; old += 41)
      expect(hexes(reader.consistencyProof(old, SIZE))).toEqual(hexes(consistency(old, leaves)));
    expect(reader.consistencyProof(0, SIZE)).toEqual([]);
    expect(hexes([reader.root(SIZE)])).toEqual(hexes([mth(leaves)]));
  });

  it("verify for every entry of random logs that grow, also at earlier sizes", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sizes, fc.nat(), (steps, pick) => {
        const grown = sampleLog(0);
        const published = [{ size: 0, root: grown.writer.root() }];
        for (const step of steps) {
          for (let i = 0; i < step; i += 1) grown.add(sampleEntry(grown.writer.size));
          grown.publish();
          published.push({ size: grown.writer.size, root: grown.writer.root() });
        }
        const from = syncTileReader(nodeSha256, grown.read);
        for (const { size, root } of published) {
          expect(hexes([from.root(size)])).toEqual(hexes([root]));
          for (const { size: oldSize, root: oldRoot } of published.filter((old) => old.size <= size)) {
            const proof = from.consistencyProof(oldSize, size);
            expect(verifyConsistency(nodeSha256, { oldSize, size, proof, oldRoot, root })).toBe(true);
          }
          if (size === 0) continue;
          const index = pick % size;
          const leafHash = leafOf(sampleEntry(index));
          expect(hexes([from.leafHash(index, size)])).toEqual(hexes([leafHash]));
          const proof = from.inclusionProof(index, size);
          expect(verifyInclusion(nodeSha256, { index, size, leafHash, proof, root })).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("are the same from a source that answers later", async () => {
    const later = tileReader(nodeSha256, async (file) => Promise.resolve(log.read(file, 8192)));
    expect(hexes([await later.root(SIZE)])).toEqual(hexes([reader.root(SIZE)]));
    expect(hexes([await later.leafHash(7, SIZE)])).toEqual(hexes([leaves[7] as Uint8Array]));
    expect(hexes(await later.inclusionProof(700, SIZE))).toEqual(hexes(reader.inclusionProof(700, SIZE)));
    expect(hexes(await later.consistencyProof(700, SIZE))).toEqual(hexes(reader.consistencyProof(700, SIZE)));
    await expect(later.inclusionProof(SIZE, SIZE)).rejects.toThrow(AppError);
    await expect(tileReader(nodeSha256, () => null).root(SIZE)).rejects.toThrow(/`tile\/1\/000\.p\/3` is missing/);
  });

  it("read the full tile where the partial one is gone", () => {
    const files = new Map(log.files);
    const more = sampleLog(1024);
    for (const [file, bytes] of more.files) files.set(file, bytes);
    files.delete("tile/0/003.p/232");
    const from = syncTileReader(nodeSha256, (file) => files.get(file) ?? null);
    expect(hexes(from.inclusionProof(999, SIZE))).toEqual(hexes(path(999, leaves)));
  });

  it("read at most two tiles a level, each once", () => {
    const asked: string[] = [];
    const counting: ReadFileSync = (file, limit) => {
      asked.push(file);
      return log.read(file, limit);
    };
    syncTileReader(nodeSha256, counting).inclusionProof(300, SIZE);
    expect(asked.toSorted()).toEqual(["tile/0/001", "tile/0/003.p/232", "tile/1/000.p/3"]);
  });
});

describe("refusals", () => {
  it("name an index or size outside the tree", () => {
    const asks: (() => unknown)[] = [
      () => reader.inclusionProof(SIZE, SIZE),
      () => reader.inclusionProof(-1, SIZE),
      () => reader.inclusionProof(0.5, SIZE),
      () => reader.inclusionProof(0, 0),
      () => reader.leafHash(SIZE, SIZE),
      () => reader.consistencyProof(SIZE + 1, SIZE),
      () => reader.consistencyProof(-1, SIZE),
      () => reader.root(-1),
      () => reader.root(2 ** 53),
      () => reader.rangeRoots([{ start: 0, end: SIZE + 1 }], SIZE),
      () => reader.rangeRoots([{ start: 1, end: 3 }], SIZE),
      () => reader.rangeRoots([{ start: 0.5, end: 1.5 }], SIZE),
    ];
    for (const ask of asks) expect(ask).toThrow(/outside the tree/);
  });

  it("name a tile that is missing or has a wrong length", () => {
    expect(() => syncTileReader(nodeSha256, () => null).inclusionProof(0, SIZE)).toThrow(/`tile\/0\/000` is missing/);
    const long: ReadFileSync = () => new Uint8Array(8193);
    expect(() => syncTileReader(nodeSha256, long).inclusionProof(0, SIZE)).toThrow(/has 8193 bytes instead of 8192/);
  });
});

it("works beyond 32 bits, up to 2^53 - 1", () => {
  const leafHash = leafOf(Buffer.from("the same entry"));
  const tree = repeated(leafHash);
  const read: ReadFileSync = (file) => {
    const [, level = "0", width = "256"] = /^tile\/(\d+)\/[x\d/]+(?:\.p\/(\d+))?$/.exec(file) ?? [];
    return Buffer.concat(Array.from({ length: Number(width) }, () => tree.root(256 ** Number(level))));
  };
  const big = syncTileReader(nodeSha256, read);
  for (const size of [2 ** 32 + 1, 2 ** 53 - 1]) {
    expect(hexes([big.root(size)])).toEqual(hexes([tree.root(size)]));
    for (const index of [0, 2 ** 32, size - 1])
      expect(hexes(big.inclusionProof(index, size))).toEqual(hexes(tree.path(index, size)));
    expect(hexes(big.consistencyProof(2 ** 31 + 7, size))).toEqual(hexes(tree.consistency(2 ** 31 + 7, size)));
  }
});

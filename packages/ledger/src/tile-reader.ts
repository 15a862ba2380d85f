import { AppError } from "@countersign/core";
import { HASH_BYTES, type NodeHash, nodeHasher, type Sha256 } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import { type Tile, tileAt, tilePath } from "./tile.ts";
import { type ReadFile, type ReadFileSync, readTile, readTileSync } from "./tile-source.ts";
import { consistencyRanges, foldSubtrees, inclusionRanges, perfectRoot, perfectSubtrees, type Range } from "./tree.ts";

/**
 * Computes roots and proofs of a tree of a given size from its tiles. It proves what the tiles say: whoever must not trust them
 * verifies the result against a signed checkpoint.
 * Throws `request.invalid` on an index or size that the tree does not have and `ledger.damaged` on a missing tile.
 */
export interface TileReader {
  root(size: number): Promise<Uint8Array>;
  leafHash(index: number, size: number): Promise<Uint8Array>;
  /** Hashes from the leaf's sibling up to a child of the root. */
  inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]>;
  consistencyProof(oldSize: number, size: number): Promise<readonly Uint8Array[]>;
  /** The roots of ranges that RFC 6962 cuts out of a tree of `size`: at their start their largest perfect subtree is aligned. */
  rangeRoots(ranges: readonly Range[], size: number): Promise<readonly Uint8Array[]>;
}

/** {@link TileReader} over a source that answers at once. */
export type SyncTileReader = {
  readonly [K in keyof TileReader]: (...args: Parameters<TileReader[K]>) => Awaited<ReturnType<TileReader[K]>>;
};

/** Reads all tiles that one answer needs at the same time. */
export function tileReader(sha256: Sha256, read: ReadFile): TileReader {
  const rangeRoots: TileReader["rangeRoots"] = async (ranges, size) => {
    const tiles = tilesFor(ranges, size);
    const contents = await Promise.all(Array.from(tiles.values(), (tile) => readTile(read, tile)));
    return compute(sha256, ranges, contentOf(tiles, contents));
  };
  return {
    rangeRoots,
    root: async (size) => first(await rangeRoots([wholeTree(size)], size)),
    leafHash: async (index, size) => first(await rangeRoots([oneLeaf(index, size)], size)),
    inclusionProof: async (index, size) => rangeRoots(inclusionOf(index, size), size),
    consistencyProof: async (oldSize, size) => rangeRoots(consistencyOf(oldSize, size), size),
  };
}

export function syncTileReader(sha256: Sha256, read: ReadFileSync): SyncTileReader {
  const rangeRoots: SyncTileReader["rangeRoots"] = (ranges, size) => {
    const tiles = tilesFor(ranges, size);
    const contents = Array.from(tiles.values(), (tile) => readTileSync(read, tile));
    return compute(sha256, ranges, contentOf(tiles, contents));
  };
  return {
    rangeRoots,
    root: (size) => first(rangeRoots([wholeTree(size)], size)),
    leafHash: (index, size) => first(rangeRoots([oneLeaf(index, size)], size)),
    inclusionProof: (index, size) => rangeRoots(inclusionOf(index, size), size),
    consistencyProof: (oldSize, size) => rangeRoots(consistencyOf(oldSize, size), size),
  };
}

/** Where the tiles hold a perfect subtree: `count` hashes from `offset` on in one tile. */
interface Place {
  readonly level: number;
  readonly index: number;
  readonly offset: number;
  readonly count: number;
}

function placeOf(subtree: Range): Place {
  const span = subtree.end - subtree.start;
  let level = 0;
  let unit = 1;
  while (unit * LIMITS.tileWidth <= span) {
    unit *= LIMITS.tileWidth;
    level += 1;
  }
  const start = subtree.start / unit;
  return { level, index: Math.floor(start / LIMITS.tileWidth), offset: start % LIMITS.tileWidth, count: span / unit };
}

function tilesFor(ranges: readonly Range[], size: number): Map<string, Tile> {
  const tiles = new Map<string, Tile>();
  for (const range of ranges) wholeTree(range.start);
  for (const subtree of ranges.flatMap(perfectSubtrees)) {
    const { level, index } = placeOf(subtree);
    const aligned = subtree.start % (subtree.end - subtree.start) === 0;
    if (subtree.end > size || !aligned) throw outside(`range from \`${String(subtree.start)}\``);
    const tile = tileAt(size, level, index);
    tiles.set(tilePath({ level, index, width: LIMITS.tileWidth }), tile);
  }
  return tiles;
}

type Content = (level: number, index: number) => Uint8Array;

function contentOf(tiles: ReadonlyMap<string, Tile>, contents: readonly Uint8Array[]): Content {
  const byPath = new Map(Array.from(tiles.keys(), (path, i) => [path, contents[i]]));
  return (level, index) => byPath.get(tilePath({ level, index, width: LIMITS.tileWidth })) ?? new Uint8Array(0);
}

function compute(sha256: Sha256, ranges: readonly Range[], content: Content): Uint8Array[] {
  const node = nodeHasher(sha256);
  return ranges.map((range) => {
    if (range.start === range.end) return sha256(new Uint8Array(0));
    return foldSubtrees(
      node,
      perfectSubtrees(range).map((subtree) => subtreeRoot(node, subtree, content)),
    );
  });
}

function subtreeRoot(node: NodeHash, subtree: Range, content: Content): Uint8Array {
  const { level, index, offset, count } = placeOf(subtree);
  return perfectRoot(node, content(level, index).subarray(offset * HASH_BYTES, (offset + count) * HASH_BYTES));
}

function wholeTree(size: number): Range {
  if (!Number.isSafeInteger(size) || size < 0) throw outside(`tree size \`${String(size)}\``);
  return { start: 0, end: size };
}

function oneLeaf(index: number, size: number): Range {
  const { end } = wholeTree(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= end) throw outside(`index \`${String(index)}\``);
  return { start: index, end: index + 1 };
}

function inclusionOf(index: number, size: number): Range[] {
  return inclusionRanges(oneLeaf(index, size).start, size);
}

function consistencyOf(oldSize: number, size: number): Range[] {
  if (wholeTree(oldSize).end > wholeTree(size).end) throw outside(`old size \`${String(oldSize)}\``);
  return consistencyRanges(oldSize, size);
}

function outside(what: string): AppError {
  return new AppError("request.invalid", { detail: `${what} is outside the tree; ask for one below its size` });
}

function first(hashes: readonly Uint8Array[]): Uint8Array {
  const [hash] = hashes;
  if (hash === undefined) throw new AppError("internal.error", { detail: "no hash computed" });
  return hash;
}

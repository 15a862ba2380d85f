import { AppError } from "@countersign/core";
import { HASH_BYTES, type NodeHash, nodeHasher, type Sha256 } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import { partialWidth, type Tile, tilePath } from "./tile.ts";
import { type ReadFileSync, readTileSync } from "./tile-source.ts";
import { foldSubtrees, perfectRoot, perfectSubtrees } from "./tree.ts";

/** A tile or bundle with its content, to be written below the log's prefix. */
export interface TileFile {
  readonly tile: Tile;
  readonly path: string;
  readonly bytes: Uint8Array;
}

interface Level {
  /** Hashes of the tile that is not full yet, concatenated; room for a full one. */
  readonly hashes: Uint8Array;
  width: number;
}

const NO_FILES: readonly TileFile[] = [];

/**
 * The right edge of a growing tree: at most 255 hashes a level. Pure: the same leaves give the same tiles and root, so whatever
 * was half written can be written again. Sizes are exact up to 2^53 - 1.
 */
export class Appender {
  private readonly sha256: Sha256;
  private readonly node: NodeHash;
  private readonly levels: Level[] = [];
  private count = 0;

  constructor(sha256: Sha256) {
    this.sha256 = sha256;
    this.node = nodeHasher(sha256);
  }

  /**
   * The appender of a tree of `size` entries, from one tile a level. Compare {@link root} with the signed checkpoint of that
   * size before use: that alone tells that the tiles are genuine. Throws `ledger.damaged` on a missing or wrongly sized tile.
   */
  static restore(sha256: Sha256, size: number, read: ReadFileSync): Appender {
    const appender = new Appender(sha256);
    appender.count = checkedSize(size);
    for (let level = 0; Math.floor(size / LIMITS.tileWidth ** level) > 0; level += 1) {
      const width = partialWidth(size, level);
      const row = appender.level(level);
      if (width === 0) continue;
      const index = Math.floor(size / LIMITS.tileWidth ** (level + 1));
      row.hashes.set(readTileSync(read, { level, index, width }));
      row.width = width;
    }
    return appender;
  }

  /** Another appender of the same tree: what is added to one is not in the other. */
  fork(): Appender {
    const fork = new Appender(this.sha256);
    fork.count = this.count;
    for (const { hashes, width } of this.levels) fork.levels.push({ hashes: hashes.slice(), width });
    return fork;
  }

  /** Number of entries. */
  get size(): number {
    return this.count;
  }

  /** Adds the hash of the next entry. Returns the tiles that it made full, lowest level first: for 255 of 256 entries none. */
  addLeafHash(leafHash: Uint8Array): readonly TileFile[] {
    if (leafHash.length !== HASH_BYTES) throw new AppError("internal.error", { detail: "leaf hash without 32 bytes" });
    checkedSize(this.count + 1);
    this.count += 1;
    if (this.push(0, leafHash) < LIMITS.tileWidth) return NO_FILES;
    const full: TileFile[] = [];
    for (let level = 0; this.level(level).width === LIMITS.tileWidth; level += 1) {
      const row = this.level(level);
      const bytes = row.hashes.slice();
      row.width = 0;
      this.push(level + 1, perfectRoot(this.node, bytes));
      full.push(
        file(
          { level, index: Math.floor(this.count / LIMITS.tileWidth ** (level + 1)) - 1, width: LIMITS.tileWidth },
          bytes,
        ),
      );
    }
    return full;
  }

  /** The partial tiles of the present size, lowest level first. They must be readable wherever a checkpoint of that size is. */
  partials(): readonly TileFile[] {
    const out: TileFile[] = [];
    for (const [level, { hashes, width }] of this.levels.entries()) {
      if (width === 0) continue;
      const index = Math.floor(this.count / LIMITS.tileWidth ** (level + 1));
      out.push(file({ level, index, width }, hashes.slice(0, width * HASH_BYTES)));
    }
    return out;
  }

  /** Root of the tree; of an empty one the hash of nothing. RFC 6962 section 2.1. */
  root(): Uint8Array {
    if (this.count === 0) return this.sha256(new Uint8Array(0));
    const roots: Uint8Array[] = [];
    for (const { hashes, width } of this.levels.toReversed()) {
      for (const { start, end } of perfectSubtrees({ start: 0, end: width })) {
        roots.push(perfectRoot(this.node, hashes.subarray(start * HASH_BYTES, end * HASH_BYTES)));
      }
    }
    return foldSubtrees(this.node, roots);
  }

  private level(level: number): Level {
    return (this.levels[level] ??= { hashes: new Uint8Array(LIMITS.tileBytes), width: 0 });
  }

  private push(level: number, hash: Uint8Array): number {
    const row = this.level(level);
    row.hashes.set(hash, row.width * HASH_BYTES);
    row.width += 1;
    return row.width;
  }
}

function file(tile: Tile, bytes: Uint8Array): TileFile {
  return { tile, path: tilePath(tile), bytes };
}

function checkedSize(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0)
    throw new AppError("internal.error", { detail: `tree size \`${String(size)}\` out of range` });
  return size;
}

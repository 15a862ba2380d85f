import { AppError } from "@countersign/core";
import { HASH_BYTES } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import { type Tile, tilePath } from "./tile.ts";

/**
 * Reads one file of a log by its path below the prefix; null when there is none. More than `limitBytes` need not be read:
 * what is longer is refused anyway.
 */
export type ReadFileSync = (path: string, limitBytes: number) => Uint8Array | null;
export type ReadFile = (path: string, limitBytes: number) => Uint8Array | null | Promise<Uint8Array | null>;

/** Where the content of a tile is found: a partial tile may have been deleted once the full one exists. c2sp.org/tlog-tiles. */
export function tilePaths(tile: Tile): string[] {
  const full = tilePath({ ...tile, width: LIMITS.tileWidth });
  return tile.width === LIMITS.tileWidth ? [full] : [tilePath(tile), full];
}

/**
 * The hashes of a tile, cut to its width. Throws `ledger.damaged` when it is missing or has another length than its path says.
 */
export function readTileSync(read: ReadFileSync, tile: Tile): Uint8Array {
  for (const path of tilePaths(tile)) {
    const bytes = read(path, LIMITS.tileBytes);
    if (bytes !== null) return cut(tile, path, bytes);
  }
  throw missing(tile);
}

/** {@link readTileSync} over a source that answers later. */
export async function readTile(read: ReadFile, tile: Tile): Promise<Uint8Array> {
  for (const path of tilePaths(tile)) {
    const bytes = await read(path, LIMITS.tileBytes);
    if (bytes !== null) return cut(tile, path, bytes);
  }
  throw missing(tile);
}

function cut(tile: Tile, path: string, bytes: Uint8Array): Uint8Array {
  const width = path === tilePath(tile) ? tile.width : LIMITS.tileWidth;
  if (bytes.length !== width * HASH_BYTES) {
    const detail = `tile \`${path}\` has ${String(bytes.length)} bytes instead of ${String(width * HASH_BYTES)}; restore it from a copy`;
    throw new AppError("ledger.damaged", { detail, details: { path, fault: "tile.wrong_length" } });
  }
  return bytes.subarray(0, tile.width * HASH_BYTES);
}

function missing(tile: Tile): AppError {
  const path = tilePath(tile);
  const detail = `tile \`${path}\` is missing; restore it from a copy`;
  return new AppError("ledger.damaged", { detail, details: { path, fault: "tile.missing" } });
}

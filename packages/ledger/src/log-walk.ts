import { Appender, type TileFile } from "./appender.ts";
import { type ParsedBundle, parseBundle } from "./bundle.ts";
import { equalBytes } from "./bytes.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { HASH_BYTES, leafHasher, type Sha256 } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import { LogFaultError } from "./log-fault.ts";
import { verifyInclusion } from "./proof.ts";
import { type Tile, tileAt, tilePath } from "./tile.ts";
import { type ReadFile, readTile, tilePaths } from "./tile-source.ts";
import { tileReader } from "./tile-reader.ts";

export interface Walk {
  readonly sha256: Sha256;
  readonly read: ReadFile;
  readonly checkpoint: Checkpoint;
  /** An older checkpoint of the same log, or null. */
  readonly old: Checkpoint | null;
}

/**
 * Hashes every entry from the bundles on and compares what follows from them with every tile, with the checkpoint and with the
 * older one. Calls `see` with each entry whose hash stands. One bundle at a time is in memory.
 * Throws a LogFaultError or `ledger.damaged` at the first difference.
 */
export async function walkLog(walk: Walk, see: (entry: Uint8Array, index: number) => void): Promise<void> {
  const { size } = walk.checkpoint;
  const leafHash = leafHasher(walk.sha256);
  const appender = new Appender(walk.sha256);
  checkOldRoot(walk, appender);
  for (let bundle = 0; bundle * LIMITS.tileWidth < size; bundle += 1) {
    const entries = await readBundle(walk.read, tileAt(size, "entries", bundle));
    const tile = tileAt(size, 0, bundle);
    const hashes = await readTile(walk.read, tile);
    for (const [i, entry] of entries.entries()) {
      const index = bundle * LIMITS.tileWidth + i;
      const hash = leafHash(entry);
      const stored = hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
      if (!equalBytes(hash, stored)) throw await culprit(walk, { index, tile, hash, stored });
      see(entry, index);
      for (const file of appender.addLeafHash(hash)) await compareTile(walk.read, file);
      checkOldRoot(walk, appender);
    }
  }
  for (const file of appender.partials()) await compareTile(walk.read, file);
  if (equalBytes(appender.root(), walk.checkpoint.root)) return;
  throw new LogFaultError({
    code: "root.mismatch",
    detail: "entries and tiles agree with each other but not with the signed checkpoint",
    path: "checkpoint",
  });
}

function checkOldRoot({ old }: Walk, appender: Appender): void {
  if (old?.size !== appender.size || equalBytes(appender.root(), old.root)) return;
  throw new LogFaultError({
    code: "old_checkpoint.inconsistent",
    detail: `the first ${String(old.size)} entries are not those of the older checkpoint: the log was rewritten`,
  });
}

async function readBundle(read: ReadFile, bundle: Tile): Promise<readonly Uint8Array[]> {
  const first = bundle.index * LIMITS.tileWidth;
  for (const path of tilePaths(bundle)) {
    const bytes = await read(path, LIMITS.bundleBytes);
    if (bytes === null) continue;
    const parsed = parseBundle(bytes);
    if (!parsed.ok) throw badBundle(parsed, path, first);
    const width = path === tilePath(bundle) ? bundle.width : LIMITS.tileWidth;
    if (parsed.entries.length === width) return parsed.entries.slice(0, bundle.width);
    const detail = `bundle \`${path}\` has ${String(parsed.entries.length)} entries instead of ${String(width)}`;
    throw new LogFaultError({
      code: "bundle.wrong_count",
      detail,
      path,
      index: first + Math.min(parsed.entries.length, width),
    });
  }
  const path = tilePath(bundle);
  throw new LogFaultError({ code: "bundle.missing", detail: `bundle \`${path}\` is missing`, path, index: first });
}

function badBundle(parsed: ParsedBundle & { ok: false }, path: string, first: number): LogFaultError {
  const index = first + parsed.entry;
  const code = parsed.code === "bundle.too_many" ? "bundle.wrong_count" : parsed.code;
  return new LogFaultError({
    code,
    detail: `bundle \`${path}\` cannot be read from entry ${String(index)} on`,
    path,
    index,
  });
}

/** Compares a tile above the leaves with what its entries give; those of the leaves were compared one by one. */
async function compareTile(read: ReadFile, file: TileFile): Promise<void> {
  if (file.tile.level === 0) return;
  const stored = await readTile(read, file.tile);
  for (let at = 0; at < file.bytes.length; at += HASH_BYTES) {
    if (equalBytes(stored.subarray(at, at + HASH_BYTES), file.bytes.subarray(at, at + HASH_BYTES))) continue;
    const detail = `hash ${String(at / HASH_BYTES)} of tile \`${file.path}\` is not that of the tile below it`;
    throw new LogFaultError({ code: "tile.altered", detail, path: file.path });
  }
}

interface Dispute {
  readonly index: number;
  readonly tile: Tile;
  readonly hash: Uint8Array;
  readonly stored: Uint8Array;
}

/** Which of the two was altered when an entry and its hash tile differ: the one that the signed root does not reach. */
async function culprit(walk: Walk, { index, tile, hash, stored }: Dispute): Promise<LogFaultError> {
  const { size, root } = walk.checkpoint;
  const bundlePath = tilePath({ ...tile, level: "entries" });
  const place = `entry ${String(index)} in bundle \`${bundlePath}\``;
  let proof: readonly Uint8Array[] = [];
  try {
    proof = await tileReader(walk.sha256, walk.read).inclusionProof(index, size);
  } catch {
    // Further damage on the way to the root: then neither can be cleared.
  }
  const claim = { index, size, proof, root };
  if (verifyInclusion(walk.sha256, { ...claim, leafHash: stored })) {
    return new LogFaultError({ code: "entry.altered", detail: `${place} was altered`, path: bundlePath, index });
  }
  const path = tilePath(tile);
  if (verifyInclusion(walk.sha256, { ...claim, leafHash: hash })) {
    return new LogFaultError({
      code: "tile.altered",
      detail: `the hash of entry ${String(index)} in tile \`${path}\` was altered`,
      path,
      index,
    });
  }
  return new LogFaultError({
    code: "entry.disputed",
    detail: `${place} and tile \`${path}\` differ`,
    path: bundlePath,
    index,
  });
}

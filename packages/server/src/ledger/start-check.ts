import { AppError } from "@countersign/core";
import {
  Appender,
  HASH_BYTES,
  LIMITS,
  type TileFile,
  tileAt,
  tilePath,
  tileReader,
  type VerifierKey,
} from "@countersign/ledger";
import type { LedgerStore } from "../store/index.ts";
import type { LogDirectory } from "./log-directory.ts";
import { sha256 } from "./log-key.ts";
import { lastPublished, lastSigned, type SignedCheckpoint } from "./signed-checkpoint.ts";

/** Leaf hashes that are read at once. */
const CHUNK = 4096;

export interface CheckedLog {
  readonly signed: SignedCheckpoint;
  readonly published: SignedCheckpoint;
  /** The tree of the signed checkpoint, computed from the journal. */
  readonly appender: Appender;
  /** Hash tiles of that tree that differ from their file or have none. */
  readonly stale: readonly TileFile[];
  /** Those of them that were published before, so that somebody has changed the file. */
  readonly altered: readonly string[];
}

/**
 * Recomputes the tree from the journal and compares it with the checkpoint that was signed last and with the one that was published.
 * INV-7: throws `ledger.damaged`, naming the entry where it can, when entries are missing or differ from what was signed.
 */
export async function checkLog(store: LedgerStore, directory: LogDirectory, key: VerifierKey): Promise<CheckedLog> {
  const signed = await lastSigned(store, key);
  const published = await lastPublished(directory, key);
  const size = store.journal.size();
  // Another server may have signed what this one does not count yet.
  if (signed.size > size && (await store.journal.leafHashes(signed.size - 1, 1)).length === 0)
    throw shorter(`the signed checkpoint has ${String(signed.size)} entries, the journal only ${String(size)}`);
  if (published.size > signed.size) {
    throw shorter(
      `${String(published.size)} entries were published, the database knows a checkpoint of ${String(signed.size)}`,
    );
  }
  const tiles: TileFile[] = [];
  const appender = new Appender(sha256);
  const context = { store, directory, published };
  await grow(context, { appender, tiles, to: published.size });
  if (!same(appender.root(), published.root)) throw await culprit(context, published);
  await grow(context, { appender, tiles, to: signed.size });
  if (!same(appender.root(), signed.root)) throw await culprit(context, signed);
  for (const file of appender.partials()) await compare(context, file, tiles);
  const altered = tiles
    .filter(({ tile }) => tile.width === tileAt(published.size, tile.level, tile.index).width)
    .map(({ path }) => path);
  return { signed, published, appender, stale: tiles, altered };
}

interface Context {
  readonly store: LedgerStore;
  readonly directory: LogDirectory;
  readonly published: SignedCheckpoint;
}

async function grow(
  context: Context,
  { appender, tiles, to }: { appender: Appender; tiles: TileFile[]; to: number },
): Promise<void> {
  while (appender.size < to) {
    const hashes = await context.store.journal.leafHashes(appender.size, Math.min(CHUNK, to - appender.size));
    if (hashes.length === 0) throw shorter(`entry ${String(appender.size)} is missing from the journal`);
    for (let at = 0; at < hashes.length; at += HASH_BYTES) {
      for (const file of appender.addLeafHash(hashes.subarray(at, at + HASH_BYTES)))
        await compare(context, file, tiles);
    }
  }
}

async function compare({ directory }: Context, file: TileFile, tiles: TileFile[]): Promise<void> {
  const stored = await directory.read(file.path, LIMITS.tileBytes).catch(() => null);
  if (stored === null || !same(stored, file.bytes)) tiles.push(file);
}

/** Names the first entry whose hash in the journal is not the published one, if the published tiles still fit their checkpoint. */
async function culprit({ store, directory, published }: Context, against: SignedCheckpoint): Promise<AppError> {
  const read = (path: string, limit: number): Promise<Uint8Array | null> => directory.read(path, limit);
  const root = await tileReader(sha256, read)
    .root(published.size)
    .catch(() => null);
  if (root !== null && same(root, published.root)) {
    for (let index = 0; index * LIMITS.tileWidth < published.size; index += 1) {
      const entry = await firstDifference(store, directory, tileAt(published.size, 0, index));
      if (entry !== null)
        return damaged(`entry ${String(entry)} of the journal is not the one that was signed`, { index: entry });
    }
  }
  return damaged(`the first ${String(against.size)} entries of the journal are not those that were signed`, {
    size: against.size,
  });
}

async function firstDifference(
  store: LedgerStore,
  directory: LogDirectory,
  tile: ReturnType<typeof tileAt>,
): Promise<number | null> {
  const start = tile.index * LIMITS.tileWidth;
  const full = tilePath({ ...tile, width: LIMITS.tileWidth });
  const stored =
    (await directory.read(tilePath(tile), LIMITS.tileBytes)) ?? (await directory.read(full, LIMITS.tileBytes));
  const hashes = await store.journal.leafHashes(start, tile.width);
  for (let i = 0; i < tile.width; i += 1) {
    const range = [i * HASH_BYTES, (i + 1) * HASH_BYTES] as const;
    if (stored === null || !same(stored.subarray(...range), hashes.subarray(...range))) return start + i;
  }
  return null;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function shorter(what: string): AppError {
  return damaged(what, {});
}

function damaged(what: string, details: Readonly<Record<string, unknown>>): AppError {
  return new AppError("ledger.damaged", {
    detail: `${what}; keep this data directory and restore from a copy`,
    details,
  });
}

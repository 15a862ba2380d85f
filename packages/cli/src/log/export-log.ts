import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "@countersign/core";
import {
  encodeBundle,
  HASH_BYTES,
  LIMITS,
  parseBundle,
  parseCheckpoint,
  parseNote,
  type Tile,
  tilePath,
  tilesOf,
} from "@countersign/ledger";
import type { LogSource } from "./log-source.ts";

export interface ExportedLog {
  readonly size: number;
  readonly files: number;
}

/**
 * Writes a log as files: `checkpoint`, `tile/…`, `tile/entries/…` and its key as `vkey` (design 8). The checkpoint comes last, so an
 * export that broke off is not taken for a whole one. The folder must be new, empty, or hold an earlier export.
 */
export async function exportLog(source: LogSource, folder: string): Promise<ExportedLog> {
  const vkey = await source.vkey();
  await assertFree(folder, vkey);
  const checkpoint = await source.read("checkpoint", LIMITS.noteBytes);
  if (checkpoint === null) throw missing("checkpoint");
  const size = sizeOf(checkpoint);
  let files = 2;
  for (const tile of tilesOf(size)) {
    const path = tilePath(tile);
    await writeInto(folder, path, await contentOf(source, tile));
    files += 1;
  }
  await writeInto(folder, "vkey", Buffer.from(`${vkey}\n`));
  await writeInto(folder, "checkpoint", checkpoint);
  return { size, files };
}

/** An earlier export of the same log may be brought up to date. */
async function assertFree(folder: string, vkey: string): Promise<void> {
  const present = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    const detail = `\`${folder}\` cannot be used as a folder (${error.code ?? "error"})`;
    throw new AppError("request.conflict", { detail, cause: error });
  });
  if (present.length === 0) return;
  const known = await readFile(join(folder, "vkey"), "utf8").catch(() => null);
  if (known?.trim() === vkey) return;
  throw new AppError("request.conflict", { detail: `\`${folder}\` holds something else; name a new folder` });
}

/** A partial file may be gone since the full one exists, which then holds more than this checkpoint covers. c2sp.org/tlog-tiles. */
async function contentOf({ read }: LogSource, tile: Tile): Promise<Uint8Array> {
  const limitBytes = tile.level === "entries" ? LIMITS.bundleBytes : LIMITS.tileBytes;
  const exact = await read(tilePath(tile), limitBytes);
  if (exact !== null) return exact;
  const full = await read(tilePath({ ...tile, width: LIMITS.tileWidth }), limitBytes);
  if (full === null) throw missing(tilePath(tile));
  if (tile.level !== "entries") return full.subarray(0, tile.width * HASH_BYTES);
  const parsed = parseBundle(full);
  if (!parsed.ok) throw missing(tilePath(tile));
  return encodeBundle(parsed.entries.slice(0, tile.width));
}

function missing(path: string): AppError {
  return new AppError("ledger.damaged", { detail: `\`${path}\` of the log is missing or damaged`, details: { path } });
}

function sizeOf(note: Uint8Array): number {
  const parsed = parseNote(note);
  const checkpoint = parsed.ok ? parseCheckpoint(parsed.note.text) : parsed;
  if (checkpoint.ok) return checkpoint.checkpoint.size;
  throw new AppError("ledger.damaged", {
    detail: "the checkpoint of the log cannot be read",
    details: { fault: checkpoint.code },
  });
}

async function writeInto(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
}

import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "@countersign/core";
import { LIMITS, parseCheckpoint, parseNote, tilePath, tilesOf } from "@countersign/ledger";
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
  await assertFree(folder);
  const checkpoint = await needed(source, "checkpoint", LIMITS.noteBytes);
  const size = sizeOf(checkpoint);
  let files = 2;
  for (const tile of tilesOf(size)) {
    const path = tilePath(tile);
    await writeInto(
      folder,
      path,
      await needed(source, path, tile.level === "entries" ? LIMITS.bundleBytes : LIMITS.tileBytes),
    );
    files += 1;
  }
  await writeInto(folder, "vkey", Buffer.from(`${await source.vkey()}\n`));
  await writeInto(folder, "checkpoint", checkpoint);
  return { size, files };
}

async function assertFree(folder: string): Promise<void> {
  const present = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw new AppError("request.conflict", {
      detail: `\`${folder}\` cannot be used as a folder (${error.code ?? "error"})`,
      cause: error,
    });
  });
  if (present.length === 0 || present.includes("vkey")) return;
  throw new AppError("request.conflict", { detail: `\`${folder}\` holds other files; name a new folder` });
}

async function needed(source: LogSource, path: string, limitBytes: number): Promise<Uint8Array> {
  const bytes = await source.read(path, limitBytes);
  if (bytes === null)
    throw new AppError("ledger.damaged", { detail: `\`${path}\` of the log is missing`, details: { path } });
  return bytes;
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

import { join } from "node:path";
import { AppError } from "@countersign/core";
import {
  encodeBundle,
  LIMITS,
  parseBundle,
  parseCheckpoint,
  parseNote,
  type Tile,
  tilePath,
  tilesOf,
} from "@countersign/ledger";
import { isEmpty, openLogDirectory, readFileOf } from "./log-directory.ts";

const decoder = new TextDecoder();
const KEY_BYTES = 2048;

export interface Exported {
  readonly size: number;
  readonly files: number;
}

/**
 * Copies the published log of a data directory into `target`: `checkpoint`, `tile/…`, `tile/entries/…` and the key as `vkey`, exactly
 * the files that the checkpoint implies. Works beside a running server and without one. A target with other content is refused.
 * Nothing is verified here: that is the reader's part.
 */
export async function exportLedger(dataDirectory: string, target: string): Promise<Exported> {
  const source = join(dataDirectory, "ledger");
  const read = (path: string, limit: number): Promise<Uint8Array | null> => readFileOf(join(source, path), limit);
  const note = await read("checkpoint", LIMITS.noteBytes);
  const vkey = await read("vkey", KEY_BYTES);
  if (note === null || vkey === null)
    throw new AppError("request.not_found", {
      detail: `\`${dataDirectory}\` holds no published ledger; start the server once`,
    });
  const size = sizeOf(decoder.decode(note));
  await refuseOther(target, vkey);
  const out = await openLogDirectory(target);
  let files = 0;
  for (const tile of tilesOf(size)) {
    await out.write(tilePath(tile), await contentOf(read, tile));
    files += 1;
  }
  await out.write("vkey", vkey);
  await out.write("checkpoint", note);
  await out.drop(".tmp");
  return { size, files: files + 2 };
}

function sizeOf(text: string): number {
  const note = parseNote(text);
  const parsed = note.ok ? parseCheckpoint(note.note.text) : note;
  if (!parsed.ok)
    throw new AppError("ledger.damaged", {
      detail: "the published checkpoint cannot be read; run `countersign doctor`",
    });
  return parsed.checkpoint.size;
}

/** An earlier export of the same log may be brought up to date. */
async function refuseOther(target: string, vkey: Uint8Array): Promise<void> {
  if (await isEmpty(target)) return;
  const known = await readFileOf(join(target, "vkey"), KEY_BYTES);
  if (known !== null && Buffer.compare(known, vkey) === 0) return;
  throw new AppError("request.conflict", { detail: `\`${target}\` holds something else; name an empty folder` });
}

/** A partial file may be gone since the full one exists, which then holds more than this checkpoint covers. */
async function contentOf(
  read: (path: string, limit: number) => Promise<Uint8Array | null>,
  tile: Tile,
): Promise<Uint8Array> {
  const exact = await read(tilePath(tile), LIMITS.bundleBytes);
  if (exact !== null) return exact;
  const full = await read(tilePath({ ...tile, width: LIMITS.tileWidth }), LIMITS.bundleBytes);
  if (full === null) throw damaged(tile);
  if (tile.level !== "entries") return full.subarray(0, tile.width * (LIMITS.tileBytes / LIMITS.tileWidth));
  const parsed = parseBundle(full);
  if (!parsed.ok) throw damaged(tile);
  return encodeBundle(parsed.entries.slice(0, tile.width));
}

function damaged(tile: Tile): AppError {
  return new AppError("ledger.damaged", {
    detail: `file \`${tilePath(tile)}\` of the ledger is missing or damaged; run \`countersign doctor\``,
  });
}

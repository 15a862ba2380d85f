import { LIMITS, parseTilePath } from "@countersign/ledger";
import type { LogDirectory } from "./log-directory.ts";

/** A file of the log as HTTP serves it. */
export interface PublicFile {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly cacheControl: string;
}

const SHORT = "public, max-age=1";
const FOREVER = "public, max-age=31536000, immutable";

/**
 * What everybody may read below `/ledger/`: `checkpoint`, `vkey` and the hash tiles. Null for every other path, however spelt: only
 * paths that the format itself prints are looked up. c2sp.org/tlog-tiles.
 */
export async function publicFile(directory: LogDirectory, path: string): Promise<PublicFile | null> {
  if (path === "checkpoint" || path === "vkey") return file(directory, path, "text/plain; charset=utf-8");
  const parsed = parseTilePath(path);
  return parsed.ok && parsed.tile.level !== "entries" ? file(directory, path, "application/octet-stream") : null;
}

/** Entry bundles (`tile/entries/…`): for auditors only. Null for every other path. */
export async function entryBundle(directory: LogDirectory, path: string): Promise<PublicFile | null> {
  const parsed = parseTilePath(path);
  return parsed.ok && parsed.tile.level === "entries" ? file(directory, path, "application/octet-stream") : null;
}

async function file(directory: LogDirectory, path: string, contentType: string): Promise<PublicFile | null> {
  const bytes = await directory.read(path, LIMITS.bundleBytes);
  const tile = path.startsWith("tile/");
  if (bytes === null) return null;
  return {
    bytes,
    contentType,
    cacheControl: tile ? (path.startsWith("tile/entries/") ? FOREVER.replace("public", "private") : FOREVER) : SHORT,
  };
}

import { AppError } from "@countersign/core";
import { Appender, type TileFile } from "./appender.ts";
import { encodeBundle, parseBundle } from "./bundle.ts";
import { type LeafHash, leafHasher, type Sha256 } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import { type Tile, tileAt, tilePath } from "./tile.ts";
import { type ReadFileSync, tilePaths } from "./tile-source.ts";

/**
 * Turns entries into the files of a log: entry bundles beside hash tiles. A pure function of the entries, like {@link Appender}.
 * Write what `add` and `partials` return before the checkpoint of that size is published.
 */
export class LogWriter {
  private readonly sha256: Sha256;
  private readonly appender: Appender;
  private readonly leafHash: LeafHash;
  /** Entries of the bundle that is not full yet. */
  private pending: Uint8Array[];

  constructor(sha256: Sha256, start?: { readonly appender: Appender; readonly pending: readonly Uint8Array[] }) {
    this.sha256 = sha256;
    this.appender = start?.appender ?? new Appender(sha256);
    this.pending = [...(start?.pending ?? [])];
    this.leafHash = leafHasher(sha256);
  }

  /**
   * The writer of a log of `size` entries, from its published files. Compare {@link root} with the signed checkpoint of that size
   * before use. Throws `ledger.damaged` on a missing or misshapen file, and when the last bundle does not fit its hashes.
   */
  static restore(sha256: Sha256, size: number, read: ReadFileSync): LogWriter {
    const appender = Appender.restore(sha256, size, read);
    const bundle = tileAt(size, "entries", Math.floor(size / LIMITS.tileWidth));
    const pending = bundle.width === 0 ? [] : readEntries(read, bundle);
    const stored = appender.partials().find(({ tile }) => tile.level === 0)?.bytes;
    const leafHash = leafHasher(sha256);
    const fits = pending.every((entry, i) => leafHash(entry).every((byte, j) => byte === stored?.[i * 32 + j]));
    if (!fits) throw damaged(tilePath(bundle), "does not fit its hashes");
    return new LogWriter(sha256, { appender, pending });
  }

  /** Another writer of the same log: what is added to one is not in the other. */
  fork(): LogWriter {
    return new LogWriter(this.sha256, { appender: this.appender.fork(), pending: this.pending });
  }

  get size(): number {
    return this.appender.size;
  }

  root(): Uint8Array {
    return this.appender.root();
  }

  /** Adds the next entry; it must not be changed afterwards. Returns the bundle and tiles that it made full, mostly none. */
  add(entry: Uint8Array): readonly TileFile[] {
    const tiles = this.appender.addLeafHash(this.leafHash(entry));
    this.pending.push(entry);
    if (this.pending.length < LIMITS.tileWidth) return tiles;
    const bundle = this.bundle({ level: "entries", index: this.size / LIMITS.tileWidth - 1, width: LIMITS.tileWidth });
    this.pending = [];
    return [bundle, ...tiles];
  }

  /** The partial bundle and tiles of the present size. */
  partials(): readonly TileFile[] {
    const tiles = this.appender.partials();
    if (this.pending.length === 0) return tiles;
    return [this.bundle(tileAt(this.size, "entries", Math.floor(this.size / LIMITS.tileWidth))), ...tiles];
  }

  private bundle(tile: Tile): TileFile {
    return { tile, path: tilePath(tile), bytes: encodeBundle(this.pending) };
  }
}

function readEntries(read: ReadFileSync, bundle: Tile): readonly Uint8Array[] {
  for (const path of tilePaths(bundle)) {
    const bytes = read(path, LIMITS.bundleBytes);
    if (bytes === null) continue;
    const parsed = parseBundle(bytes);
    if (!parsed.ok || parsed.entries.length < bundle.width) throw damaged(path, "cannot be read");
    return parsed.entries.slice(0, bundle.width);
  }
  throw damaged(tilePath(bundle), "is missing");
}

function damaged(path: string, what: string): AppError {
  const detail = `bundle \`${path}\` ${what}; restore it from a copy`;
  return new AppError("ledger.damaged", { detail, details: { path } });
}

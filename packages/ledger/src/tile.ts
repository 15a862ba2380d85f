import { LIMITS } from "./limits.ts";

const WIDTH = LIMITS.tileWidth;
const GROUP = 1000;

/** One tile of hashes, or one bundle of entries. `width` counts what it holds: 1 to 255 when partial, 256 when full. */
export interface Tile {
  /** 0 holds leaf hashes, level n + 1 the roots of the full tiles of level n; `entries` holds the entries themselves. */
  readonly level: number | "entries";
  readonly index: number;
  readonly width: number;
}
export type ParsedTilePath =
  | { readonly ok: true; readonly tile: Tile }
  | { readonly ok: false; readonly code: "tile.bad_path" };

/** The path of a tile below the log's prefix: `tile/<level>/<index>[.p/<width>]`. c2sp.org/tlog-tiles. */
export function tilePath(tile: Tile): string {
  let rest = tile.index;
  let groups = digits(rest);
  while (rest >= GROUP) {
    rest = Math.floor(rest / GROUP);
    groups = `x${digits(rest)}/${groups}`;
  }
  return `tile/${String(tile.level)}/${groups}${tile.width === WIDTH ? "" : `.p/${String(tile.width)}`}`;
}

/** Level, index in groups, width. At most six groups: 18 digits hold 2^53 - 1. */
const PATH = /^tile\/(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;

/** Reads what {@link tilePath} prints, and nothing else: no other zeros, signs or segments. Never throws. */
export function parseTilePath(path: string): ParsedTilePath {
  const [, level, groups, width] = PATH.exec(path) ?? [];
  if (level === undefined || groups === undefined) return { ok: false, code: "tile.bad_path" };
  const index = groups.split("/").reduce((sum, group) => sum * GROUP + Number(group.slice(-3)), 0);
  const tile: Tile = { level: level === "entries" ? level : Number(level), index, width: Number(width ?? WIDTH) };
  const inBounds = Number.isSafeInteger(index) && tile.width > 0 && tile.width <= WIDTH;
  return inBounds && tilePath(tile) === path ? { ok: true, tile } : { ok: false, code: "tile.bad_path" };
}

/** The tile in the state that a tree of `size` entries gives it; width 0 when that tree has no such tile. */
export function tileAt(size: number, level: number | "entries", index: number): Tile {
  const hashes = Math.floor(size / WIDTH ** (level === "entries" ? 0 : level));
  return { level, index, width: Math.max(0, Math.min(WIDTH, hashes - index * WIDTH)) };
}

/** How many hashes the partial tile of `level` holds in a tree of `size` entries; 0: there is none. */
export function partialWidth(size: number, level: number): number {
  return Math.floor(size / WIDTH ** level) % WIDTH;
}

/** Every tile and bundle that a reader of a tree of `size` entries may ask for, level by level; then the bundles. */
export function* tilesOf(size: number): Generator<Tile> {
  for (let level = 0; Math.floor(size / WIDTH ** level) > 0; level += 1) yield* row(size, level);
  yield* row(size, "entries");
}

function* row(size: number, level: number | "entries"): Generator<Tile> {
  for (let index = 0; ; index += 1) {
    const tile = tileAt(size, level, index);
    if (tile.width === 0) return;
    yield tile;
  }
}

function digits(n: number): string {
  return String(n % GROUP).padStart(3, "0");
}

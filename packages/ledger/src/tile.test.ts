import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTilePath, partialWidth, type Tile, tileAt, tilePath, tilesOf } from "./tile.ts";

describe("tilePath and parseTilePath", () => {
  it.each([
    ["tile/0/x001/x234/067", { level: 0, index: 1_234_067, width: 256 }],
    ["tile/0/000", { level: 0, index: 0, width: 256 }],
    ["tile/1/x001/000.p/1", { level: 1, index: 1000, width: 1 }],
    ["tile/entries/999.p/255", { level: "entries", index: 999, width: 255 }],
    ["tile/63/005", { level: 63, index: 5, width: 256 }],
    ["tile/0/x009/x007/x199/x254/x740/991", { level: 0, index: 2 ** 53 - 1, width: 256 }],
  ] as const)("`%s`", (path, tile) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual({ ok: true, tile });
  });

  it("are each other's inverse", () => {
    const tile: fc.Arbitrary<Tile> = fc.record({
      level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant("entries" as const)),
      index: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(tile, (any) => {
        expect(parseTilePath(tilePath(any))).toEqual({ ok: true, tile: any });
      }),
    );
  });

  it.each([
    "",
    "tile/0/0",
    "tile/0/0000",
    "tile/00/000",
    "tile/01/000",
    "tile/64/000",
    "tile/-1/000",
    "tile/data/000",
    "tile/0/x000/001",
    "tile/0/001/002",
    "tile/0/x001",
    "tile/0/000.p/0",
    "tile/0/000.p/01",
    "tile/0/000.p/256",
    "tile/0/000.p/999",
    "tile/0/000.p/",
    "tile/0/../000",
    "/tile/0/000",
    "tile/0/000/",
    "tile/0/000\n",
    "tile/8/0/000",
    "tile/0/x009/x007/x199/x254/x740/992",
    "tile/0/x001/x000/x000/x000/x000/x000/000",
    `tile/0/${"x001/".repeat(100_000)}000`,
  ])("refuses `%.40s`", (path) => {
    expect(parseTilePath(path)).toEqual({ ok: false, code: "tile.bad_path" });
  });
});

describe("what a tree of a size has", () => {
  it("is what c2sp.org/tlog-tiles says of 70,000 and of 256", () => {
    expect([0, 1, 2, 3].map((level) => partialWidth(70_000, level))).toEqual([112, 17, 1, 0]);
    expect([0, 1, 2].map((level) => partialWidth(256, level))).toEqual([0, 1, 0]);
    expect(tileAt(70_000, 0, 272).width).toBe(256);
    expect(tileAt(70_000, 0, 273).width).toBe(112);
    expect(tileAt(70_000, 0, 274).width).toBe(0);
    expect(tileAt(70_000, "entries", 273).width).toBe(112);
    expect(Array.from(tilesOf(256), tilePath)).toEqual(["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    expect([...tilesOf(0)]).toEqual([]);
    expect([...tilesOf(70_000)]).toHaveLength(274 + 2 + 1 + 274);
  });
});

import { AppError } from "@countersign/core";
import { beforeAll, describe, expect, it } from "vitest";
import { leafOf, mth, repeated } from "./testing/naive-tree.ts";
import { nodeSha256 } from "./testing/sample-log.ts";
import { Appender } from "./appender.ts";
import { hex } from "./bytes.ts";
import { leafHasher } from "./hash.ts";
import { sha256 } from "./sha256.ts";
import { partialWidth, tilePath } from "./tile.ts";
import type { ReadFileSync } from "./tile-source.ts";

const leaf = (i: number): Uint8Array => leafOf(Buffer.from(`entry ${String(i)}`));
const reader =
  (files: ReadonlyMap<string, Uint8Array>): ReadFileSync =>
  (path) =>
    files.get(path) ?? null;

describe("root", () => {
  it("is the hash of nothing for the empty tree", () => {
    expect(hex(new Appender(nodeSha256).root())).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  it("is that of the eight leaves known from transparency-dev, at every size", () => {
    const inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const roots = [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    const appender = new Appender(sha256);
    const leafHash = leafHasher(sha256);
    inputs.forEach((input, i) => {
      appender.addLeafHash(leafHash(Buffer.from(input, "hex")));
      expect(hex(appender.root())).toBe(roots[i]);
    });
  });

  it("is that of the definition at every size up to 300", () => {
    const appender = new Appender(nodeSha256);
    const leaves: Uint8Array[] = [];
    for (let size = 1; size <= 300; size += 1) {
      leaves.push(leaf(size));
      appender.addLeafHash(leaf(size));
      expect(hex(appender.root()), `size ${String(size)}`).toBe(hex(mth(leaves)));
    }
  });
});

describe("a tree of 70,000 entries", () => {
  const files = new Map<string, Uint8Array>();
  const appender = new Appender(nodeSha256);
  beforeAll(() => {
    for (let i = 0; i < 70_000; i += 1)
      for (const { path, bytes } of appender.addLeafHash(leaf(i))) files.set(path, bytes);
    for (const { path, bytes } of appender.partials()) files.set(path, bytes);
  });

  it("has the tiles that c2sp.org/tlog-tiles names for it", () => {
    const count = (pattern: RegExp): number => [...files.keys()].filter((path) => pattern.test(path)).length;
    expect(count(/^tile\/0\/\d{3}$/)).toBe(273);
    expect(count(/^tile\/1\/\d{3}$/)).toBe(1);
    expect(files.size).toBe(273 + 1 + 3);
    expect(files.get("tile/0/273.p/112")?.length).toBe(112 * 32);
    expect(files.get("tile/1/001.p/17")?.length).toBe(17 * 32);
    expect(files.get("tile/2/000.p/1")?.length).toBe(32);
    expect(files.get("tile/1/000")?.length).toBe(8192);
  });

  it("holds leaf hashes on level 0 and roots of full tiles above", () => {
    const leaves = Array.from({ length: 256 }, (_, i) => leaf(256 * 5 + i));
    expect(Buffer.from(files.get("tile/0/005") ?? [])).toEqual(Buffer.concat(leaves));
    expect(Buffer.from(files.get("tile/1/000")?.subarray(5 * 32, 6 * 32) ?? [])).toEqual(Buffer.from(mth(leaves)));
  });

  it("goes on from its tiles as if it had never stopped", () => {
    const restored = Appender.restore(nodeSha256, 70_000, reader(files));
    const original = Appender.restore(nodeSha256, 70_000, reader(files));
    expect(hex(restored.root())).toBe(hex(appender.root()));
    expect(restored.partials()).toEqual(appender.partials());
    for (let i = 70_000; i < 70_300; i += 1)
      expect(restored.addLeafHash(leaf(i))).toEqual(original.addLeafHash(leaf(i)));
    expect(restored.size).toBe(70_300);
  });

  it("is restored from the full tile when the partial one is gone", () => {
    const grown = new Map(files);
    const further = Appender.restore(nodeSha256, 70_000, reader(files));
    for (let i = 70_000; i < 70_300; i += 1)
      for (const { path, bytes } of further.addLeafHash(leaf(i))) grown.set(path, bytes);
    grown.delete("tile/0/273.p/112");
    expect(grown.has("tile/0/273")).toBe(true);
    expect(hex(Appender.restore(nodeSha256, 70_000, reader(grown)).root())).toBe(hex(appender.root()));
  });

  it("refuses to be restored from a missing or cut tile, by name", () => {
    const missing = new Map(files);
    missing.delete("tile/1/001.p/17");
    expect(() => Appender.restore(nodeSha256, 70_000, reader(missing))).toThrow(/`tile\/1\/001\.p\/17` is missing/);
    const cut = new Map(files).set("tile/1/001.p/17", new Uint8Array(31));
    expect(() => Appender.restore(nodeSha256, 70_000, reader(cut))).toThrow(
      /`tile\/1\/001\.p\/17` has 31 bytes instead of 544/,
    );
  });
});

describe("sizes up to 2^53 - 1", () => {
  const one = leafOf(Buffer.from("the same entry"));
  const tree = repeated(one);
  /** Every tile of a tree in which all entries are equal. */
  const read: ReadFileSync = (path) => {
    const [, level = "0", width = "256"] = /^tile\/(\d+)\/[x\d/]+(?:\.p\/(\d+))?$/.exec(path) ?? [];
    return Buffer.concat(Array.from({ length: Number(width) }, () => tree.root(256 ** Number(level))));
  };

  it.each([2 ** 31 - 1, 2 ** 32 + 1, 2 ** 40, 2 ** 53 - 300])("are exact at %d", (size) => {
    const appender = Appender.restore(nodeSha256, size, read);
    expect(hex(appender.root())).toBe(hex(tree.root(size)));
    for (let i = 1; i <= 256; i += 1) {
      for (const { tile, path } of appender.addLeafHash(one)) {
        expect(path).toBe(tilePath(tile));
        expect((tile.index + 1) * 256 ** (Number(tile.level) + 1)).toBe(size + i);
      }
    }
    expect(hex(appender.root())).toBe(hex(tree.root(size + 256)));
    for (const { tile } of appender.partials()) expect(tile.width).toBe(partialWidth(size + 256, Number(tile.level)));
  });

  it("end there", () => {
    const last = Appender.restore(nodeSha256, Number.MAX_SAFE_INTEGER, read);
    expect(() => last.addLeafHash(one)).toThrow(AppError);
    expect(hex(last.root())).toBe(hex(tree.root(Number.MAX_SAFE_INTEGER)));
    for (const size of [-1, 1.5, 2 ** 53, Number.NaN])
      expect(() => Appender.restore(nodeSha256, size, read)).toThrow(AppError);
  });
});

it("takes only hashes of 32 bytes", () => {
  expect(() => new Appender(nodeSha256).addLeafHash(new Uint8Array(31))).toThrow(AppError);
});
it("hashes entries of every length", () => {
  const leafHash = leafHasher(nodeSha256);
  for (const length of [0, 1, 1023, 1024, 1025, 65_534, 65_535, 3]) {
    const entry = new Uint8Array(length).fill(length % 251);
    expect(hex(leafHash(entry)), `length ${String(length)}`).toBe(hex(leafOf(entry)));
  }
});
it("hashes no entry over 65,535 bytes", () => {
  expect(leafHasher(nodeSha256)(new Uint8Array(65_535)).length).toBe(32);
  expect(() => leafHasher(nodeSha256)(new Uint8Array(65_536))).toThrow(AppError);
});

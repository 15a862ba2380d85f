import { AppError } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBundle, parseBundle } from "./bundle.ts";

const entries = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 256 });

describe("encodeBundle and parseBundle", () => {
  it("put a big-endian length before each entry", () => {
    expect([...encodeBundle([Uint8Array.of(7, 8), new Uint8Array(0)])]).toEqual([0, 2, 7, 8, 0, 0]);
    expect([...encodeBundle([new Uint8Array(0x0102)]).subarray(0, 2)]).toEqual([1, 2]);
  });

  it("are each other's inverse", () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(parseBundle(encodeBundle(list))).toEqual({ ok: true, entries: list });
      }),
    );
  });

  it("read any bytes without throwing, and only what prints back the same", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const parsed = parseBundle(bytes);
        expect(parsed.ok ? encodeBundle(parsed.entries) : parsed.code).toEqual(parsed.ok ? bytes : "bundle.malformed");
      }),
    );
  });

  it("carry entries of 65,535 bytes and not of more", () => {
    expect(parseBundle(encodeBundle([new Uint8Array(65_535)]))).toMatchObject({ ok: true });
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(AppError);
  });

  it("carry 256 entries and not more", () => {
    const full = Array.from({ length: 256 }, () => Uint8Array.of(1));
    expect(parseBundle(encodeBundle(full))).toMatchObject({ ok: true });
    expect(() => encodeBundle([...full, Uint8Array.of(1)])).toThrow(AppError);
    const over = Buffer.concat([encodeBundle(full), Uint8Array.of(0, 0)]);
    expect(parseBundle(over)).toEqual({ ok: false, code: "bundle.too_many", entry: 256 });
  });

  it.each([
    [[0], 0],
    [[0, 1], 0],
    [[0, 1, 9, 0], 1],
    [[0, 1, 9, 255, 255, 1], 1],
  ])("name the first entry that cannot be read in %j", (bytes, entry) => {
    expect(parseBundle(Uint8Array.from(bytes))).toEqual({ ok: false, code: "bundle.malformed", entry });
  });
});

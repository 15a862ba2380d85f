import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clip, wrap } from "./wrap.ts";

describe("wrap", () => {
  it("breaks at spaces, and cuts what is longer than a line", () => {
    expect(wrap("held for Maya Okafor", 8)).toEqual(["held for", "Maya", "Okafor"]);
    expect(wrap("a /tmp/executives.json b", 8)).toEqual(["a", "/tmp/exe", "cutives.", "json b"]);
    expect(wrap("", 8)).toEqual([""]);
  });

  it("keeps to the width and loses nothing but spaces", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const lines = wrap(text, width);
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
        expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
      }),
    );
  });
});

describe("clip", () => {
  it("shows that something is left out", () => {
    expect(clip("12345", 5)).toBe("12345");
    expect(clip("123456", 5)).toBe("1234…");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainText } from "./plain-text.ts";

describe("plainText", () => {
  it.each([
    ["  not today ", "not today"],
    ["a\nb\u0007", "a\\u{a}b\\u{7}"],
    ["\u202egnp.exe", "\\u{202e}gnp.exe"],
    ["zero\u200bwidth\u2028line", "zero\\u{200b}width\\u{2028}line"],
    ["\ud800", "\\u{d800}"],
  ])("%j", (text, expected) => expect(plainText(text, 100)).toBe(expected));

  it("is one bounded line of visible characters, whatever was written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (text, most) => {
        const plain = plainText(text, most);
        expect(Array.from(plain).length).toBeLessThanOrEqual(most);
        expect(plain).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { visible } from "./visible-text.ts";

describe("visible", () => {
  it.each([
    ["plain text, ünïcode, 漢字, 🙂", "plain text, ünïcode, 漢字, 🙂"],
    ["\u001b]0;title\u0007", "⟨001B⟩]0;title⟨0007⟩"],
    ["a\r\nb\tc\u0000", "a⟨000D⟩⟨000A⟩b⟨0009⟩c⟨0000⟩"],
    ["\u202egnp.exe", "⟨202E⟩gnp.exe"],
    ["zero\u200bwidth\u2066x\ufeff", "zero⟨200B⟩width⟨2066⟩x⟨FEFF⟩"],
    ["\u009b31m", "⟨009B⟩31m"],
    ["half \ud800", "half ⟨D800⟩"],
  ])("%j", (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it("leaves nothing that moves a cursor or turns the direction", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(visible(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b-\u200f]/);
      }),
    );
  });
});

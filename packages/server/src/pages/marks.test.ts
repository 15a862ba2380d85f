import { marked, warnings } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unmarked } from "./client/unmarked.ts";

/** Any code point, lone surrogates included. */
const codePoint = fc.integer({ min: 0, max: 0x10_ff_ff }).map((code) => String.fromCodePoint(code));
const shown = (text: string): string =>
  marked(text)
    .map((run) => run.text)
    .join("");
const kinds = (text: string): unknown[] => marked(text).flatMap(({ mark }) => mark ?? []);

describe("marked", () => {
  it.each(
    [
      ["right-to-left override", "a\u202eb", "a⟨U+202E⟩b", "direction"],
      ["isolate", "\u2066x", "⟨U+2066⟩x", "direction"],
      ["arabic letter mark", "\u061c", "⟨U+061C⟩", "direction"],
      ["zero-width space", "a\u200bb", "a⟨U+200B⟩b", "invisible"],
      ["soft hyphen", "a\u00adb", "a⟨U+00AD⟩b", "invisible"],
      ["no-break space", "a\u00a0b", "a⟨U+00A0⟩b", "invisible"],
      ["hangul filler", "\u3164", "⟨U+3164⟩", "invisible"],
      ["tag character", "\u{e0041}", "⟨U+E0041⟩", "invisible"],
      ["variation selector", "a\ufe00", "a⟨U+FE00⟩", "invisible"],
      ["blank braille", "\u2800", "⟨U+2800⟩", "invisible"],
      ["line separator", "a\u2028b", "a⟨U+2028⟩b", "control"],
      ["line feed outside JSON", "a\nb", "a⟨U+000A⟩b", "control"],
      ["null", "\0", "⟨U+0000⟩", "control"],
      ["delete", "\u007f", "⟨U+007F⟩", "control"],
      ["private use", "\ue000", "⟨U+E000⟩", "control"],
      ["lone surrogate", "\ud800", "⟨U+D800⟩", "control"],
      ["Cyrillic letter in a Latin word", "p\u0430ypal", "p\u0430⟨U+0430⟩ypal", "lookalike"],
      ["Greek letter in a Latin word", "g\u03bfogle", "g\u03bf⟨U+03BF⟩ogle", "lookalike"],
      ["full-width letter", "\uff41b", "\uff41⟨U+FF41⟩b", "lookalike"],
      ["fraction slash", "a\u2044b", "a\u2044⟨U+2044⟩b", "lookalike"],
      ["mathematical letter", "\u{1d41a}", "\u{1d41a}⟨U+1D41A⟩", "lookalike"],
      ["bracket of a mark", "⟨", "⟨⟨U+27E8⟩", "lookalike"],
    ].map(([name = "", text = "", expected = "", kind = ""]) => ({ name, text, expected, kind })),
  )("marks $name", ({ text, expected, kind }) => {
    expect(shown(text)).toBe(expected);
    expect(kinds(text)).toEqual([kind]);
  });

  it("marks a word that is all twins of Latin letters, unless the text is really written in that script", () => {
    expect(kinds("\u0440\u0430\u0443")).toEqual(["lookalike", "lookalike", "lookalike"]);
    expect(kinds("\u0440\u0430\u0443 \u0436")).toEqual([]);
  });

  it.each([
    "plain",
    "Grüße, Zoë",
    "Привет, мир",
    "Καλημέρα κόσμε",
    "日本語のテキスト",
    "日本語OK",
    "한국어 text",
    "שלום",
    "مرحبا",
    "naïve e\u0301tat",
    "",
  ])("leaves `%s` alone", (text) => {
    expect(kinds(text)).toEqual([]);
    expect(shown(text)).toBe(text);
  });

  it("marks combining characters that pile up", () => {
    expect(kinds(`a${"\u0301".repeat(6)}`)).toEqual(["control", "control", "control"]);
  });

  it("can be undone exactly, so that two texts never look the same", () => {
    const unit = fc.oneof(
      codePoint,
      fc.constantFrom("⟨", "⟩", "U+202E", "\u202e", "\u0430", "a", "\u200b", "0430", "\u0301", "о"),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 30 }), (units) => {
        const text = units.join("");
        expect(unmarked(shown(text))).toBe(text);
      }),
    );
  });

  it("never lets a dangerous character through", () => {
    const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (text) => {
        expect(dangerous.test(shown(text))).toBe(false);
      }),
    );
  });
});

describe("warnings", () => {
  it("counts each kind in words", () => {
    expect(warnings(marked("\u202e\u200b\u200b\0 p\u0430y"))).toEqual([
      "1 changes the reading direction",
      "2 are invisible",
      "1 is a control character",
      "1 imitates another character",
    ]);
    expect(warnings(marked("nothing"))).toEqual([]);
  });
});

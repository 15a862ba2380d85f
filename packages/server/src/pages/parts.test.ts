import { type Part, canonicalJson, partsOf } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unmarked } from "./client/unmarked.ts";
import { shownRows } from "./shown-text.ts";

const textOf = (part: Part): string =>
  part.flatMap(({ tokens }) => tokens.flatMap(({ runs }) => runs.map((run) => run.text))).join("");
const linesOf = (part: Part): string[] =>
  part.map(
    ({ depth, tokens }) => "  ".repeat(depth) + tokens.flatMap(({ runs }) => runs.map((run) => run.text)).join(""),
  );
const codePoint = fc.integer({ min: 0, max: 0x10_ff_ff }).map((code) => String.fromCodePoint(code));
const anyText = fc.string({ unit: codePoint, maxLength: 60 });
const smallSize = fc.integer({ min: 2, max: 40 });

describe("partsOf", () => {
  it("lays out objects, keeps what is short on one line and breaks texts after their line ends", () => {
    const content = canonicalJson({
      path: "/a/b",
      mode: { flags: [1, 2], x: null },
      text: "one\n\ntwo\n",
      list: Array.from({ length: 40 }, () => 12),
    });
    const [part] = partsOf(content);
    expect(linesOf(part ?? [])).toEqual([
      "{",
      '  "list":[',
      `    ${"12,".repeat(14)}`,
      `    ${"12,".repeat(14)}`,
      `    ${"12,".repeat(11)}12`,
      "  ],",
      '  "mode":{"flags":[1,2],"x":null},',
      '  "path":"/a/b",',
      '  "text":"one\\n\\n',
      "  two\\n",
      '  "',
      "}",
    ]);
  });

  it("says which lines go on with a text that began before, so that none passes for a key", () => {
    const [part] = partsOf(canonicalJson({ text: 'a\n"approved": true,\nb and enough to be longer than one line' }));
    expect(part?.map(({ inString }) => inString)).toEqual([false, false, true, true, false]);
  });

  it("leaves nothing out and changes nothing, whatever the JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), smallSize, (value, size) => {
        const content = canonicalJson(value);
        expect(unmarked(partsOf(content, size).map(textOf).join(""))).toBe(content);
      }),
    );
  });

  it("leaves nothing out of text that is not JSON either", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.stringMatching(/^[{}[\]",:\\n a]*$/)), smallSize, (content, size) => {
        expect(unmarked(partsOf(content, size).map(textOf).join(""))).toBe(content);
      }),
    );
  });

  it("cuts parts of about the asked size, and text of one part is not empty", () => {
    const content = canonicalJson({
      text: "x".repeat(20_000),
      list: Array.from({ length: 500 }, (_, index) => ({ index })),
    });
    const sizes = partsOf(content).map((part) => textOf(part).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4000);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(3000);
  });

  it("goes on with a cut text as a text in the next part", () => {
    const parts = partsOf(canonicalJson({ text: "y".repeat(5000) }));
    expect(parts.map((part) => part[0]?.inString)).toEqual([false, true]);
  });

  it("keeps surrogate pairs whole", () => {
    const parts = partsOf(JSON.stringify("😀".repeat(3000)), 501);
    for (const part of parts) expect(textOf(part).isWellFormed()).toBe(true);
  });

  it("bounds what hostile arguments become as markup", () => {
    const hostile = ["[", "1,", '"",', "[],", '{"a":[]},', String.raw`\n`, "x\\n", "\u200b"].map((piece) =>
      piece.repeat(20_000 / piece.length),
    );
    for (const text of [...hostile.map((piece) => `[${piece}]`), ...hostile.map((piece) => `"${piece}"`)]) {
      const markup = partsOf(text).map((part) => shownRows(part).toString().length);
      expect(markup.reduce((sum, length) => sum + length, 0) / text.length).toBeLessThan(60);
    }
  });
});

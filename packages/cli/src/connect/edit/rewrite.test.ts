import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RENDERINGS, chances, documents } from "../testing/documents.ts";
import { fits, someEdit } from "../testing/some-edit.ts";
import { type Edit, applyToValue, isDone, valueAt } from "./edit.ts";
import { FORMATS, type FormatName } from "./formats.ts";
import { rewrite } from "./rewrite.ts";

describe.each(["json", "toml", "yaml"] as const)("rewrite of %s", (format) => {
  const file = { path: `/x.${format}`, format };

  it("carries out any edit of any document, and changes nothing else", () => {
    fc.assert(
      fc.property(documents, fc.nat(), (value, seed) => {
        fc.pre(fits(format, value));
        const chance = chances(seed);
        const text = RENDERINGS[format](value, chance);
        const read = FORMATS[format].read(text);
        expect(read).toEqual({ ok: true, value });
        const edit = someEdit(value, chance);
        const wanted = applyToValue(value, edit);
        fc.pre(wanted.ok && !isDone(value, edit) && fits(format, value, edit));

        const after = rewrite(file, { text, value }, [edit]);

        expect(FORMATS[format].read(after.text)).toEqual({ ok: true, value: wanted.ok && wanted.value });
        expect(isSubsequence(comments(after.text), comments(text))).toBe(true);
        const isNew = edit.kind !== "remove" && valueAt(value, edit.path) === undefined;
        expect(isNew && comments(after.text).length < comments(text).length).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it("refuses an edit that goes through something that is no object", () => {
    const text = { json: '{"a": 1}', toml: "a = 1", yaml: "a: 1" }[format];
    const edit: Edit = { kind: "set", path: ["a", "b"], value: 2 };
    expect(() => rewrite(file, { text, value: { a: 1 } }, [edit])).toThrow("cannot be changed at `a.b` without damage");
  });

  it("is never read when it is nested without end", () => {
    const open = { json: '{"a":', toml: "a = [", yaml: "{a: " }[format];
    const deep = format === "toml" ? open + "[".repeat(100_000) : open.repeat(100_000);
    expect(FORMATS[format].read(deep)).toMatchObject({ ok: false });
  });
});

describe("exact texts", () => {
  const cases: readonly [FormatName, string, Edit, string][] = [
    ["json", '{"a":1}', { kind: "set", path: ["b", "c"], value: 2 }, '{"a":1, "b": {"c":2}}'],
    ["json", "", { kind: "set", path: ["b"], value: 2 }, '{\n  "b": 2\n}\n'],
    [
      "json",
      '{\n\t"a": 1 // one\n}\n',
      { kind: "set", path: ["b"], value: { c: ["x"] } },
      '{\n\t"a": 1, // one\n\t"b": {\n\t\t"c": ["x"]\n\t}\n}\n',
    ],
    [
      "json",
      '{\r\n    "a": {},\r\n}',
      { kind: "set", path: ["a", "b"], value: 2 },
      '{\r\n    "a": {\r\n        "b": 2\r\n    },\r\n}',
    ],
    ["json", '{\n  "a": 1,\n  // b\n  "b": 2 // two\n}', { kind: "remove", path: ["b"] }, '{\n  "a": 1\n  // b\n}'],
    ["json", '{ "a": 1, "b": 2 }', { kind: "remove", path: ["a"] }, '{ "b": 2 }'],
    ["json", '{ "a": 1, "b": 2 }', { kind: "remove", path: ["b"] }, '{ "a": 1 }'],
    [
      "json",
      '{\n  "a": [\n    1 /* x */\n  ]\n}',
      { kind: "append", path: ["a"], value: 2 },
      '{\n  "a": [\n    1, /* x */\n    2\n  ]\n}',
    ],
    ["toml", "", { kind: "set", path: ["a", "b"], value: { c: 1 } }, "[a.b]\nc = 1\n"],
    ["toml", "x = 1 # x", { kind: "set", path: ["y"], value: 2 }, "x = 1 # x\ny = 2"],
    [
      "toml",
      "# file\n[t]\nx = 1\n\n# u\n[u]\n",
      { kind: "set", path: ["t", "y"], value: 2 },
      "# file\n[t]\nx = 1\ny = 2\n\n# u\n[u]\n",
    ],
    ["toml", "t = { x = 1 }\n", { kind: "set", path: ["t", "y"], value: 2 }, "t = { x = 1, y = 2 }\n"],
    [
      "toml",
      "[[h.p]]\na = 1\n[z]\n",
      { kind: "append", path: ["h", "p"], value: { a: 2 } },
      "[[h.p]]\na = 1\n\n[[h.p]]\na = 2\n[z]\n",
    ],
    ["toml", "[a]\nx = 1\n\n[a.b]\ny = 1\n\n[c]\n", { kind: "remove", path: ["a", "b"] }, "[a]\nx = 1\n\n[c]\n"],
    [
      "yaml",
      "a:\n  b: 1 # one\n# end\nc: 2\n",
      { kind: "set", path: ["a", "d"], value: [1] },
      "a:\n  b: 1 # one\n  d: [1]\n# end\nc: 2\n",
    ],
    ["yaml", "a: # list\n- x\nb: 1\n", { kind: "append", path: ["a"], value: "y" }, 'a: # list\n- x\n- "y"\nb: 1\n'],
    ["yaml", "a:\n", { kind: "set", path: ["a"], value: "on" }, 'a: "on"\n'],
  ];
  it.each(cases)("%s %j", (...[format, text, edit, after]) => {
    const read = FORMATS[format].read(text);
    expect(rewrite({ path: "/x", format }, { text, value: read.ok ? read.value : null }, [edit]).text).toBe(after);
  });
});

function comments(text: string): readonly string[] {
  return [...text.matchAll(/(?:#|\/\/|\/\*) (c\d+)/g)].map(([, name]) => name ?? "");
}

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  return part.every((item) => {
    at = whole.findIndex((other, i) => i >= at && isDeepStrictEqual(other, item)) + 1;
    return at > 0;
  });
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./json.ts";
import { parseJson } from "./parse-json.ts";

const LIMITS = { sizeBytes: 10_000, depth: 8 };
const code = (text: string | Uint8Array): string => {
  const parsed = parseJson(text, LIMITS);
  return parsed.ok ? "ok" : parsed.code;
};

describe("parseJson", () => {
  it("reads what JSON.parse reads, however it is spaced", () => {
    const spaces = fc.stringMatching(/^[ \t\n\r]{0,3}$/);
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 3 }),
        spaces,
        fc.constantFrom(undefined, 1, "\t"),
        (value, space, indent) => {
          const text = `${space}${JSON.stringify(value, null, indent)}${space}`;
          const parsed = parseJson(text, { sizeBytes: 1e6, depth: 64 });
          expect(parsed.ok && canonicalJson(parsed.value)).toBe(canonicalJson(JSON.parse(text)));
        },
      ),
    );
  });
  it("refuses whatever JSON.parse refuses, and never throws", () => {
    const nearly = fc.tuple(fc.json({ maxDepth: 2 }), fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, by]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + by + text.slice(place + 1);
    });
    fc.assert(
      fc.property(nearly, (text) => {
        const parsed = parseJson(text, { sizeBytes: 1e6, depth: 64 });
        expect(() => (parsed.ok ? JSON.parse(text) : null)).not.toThrow();
      }),
    );
  });
  it.each([
    ['{"a":1,"a":2}', "input.duplicate_key"],
    ['{"a":1,"\\u0061":2}', "input.duplicate_key"],
    ['"\\ud800"', "input.invalid_json"],
    ["9007199254740993", "input.number_not_exact"],
    ["1e400", "input.number_not_exact"],
    ["[[[[[[[[[1]]]]]]]]]", "input.too_deep"],
    [`"${"x".repeat(10_000)}"`, "input.too_large"],
    ["\u00a01", "input.invalid_json"],
    ["[1,]", "input.invalid_json"],
    ["", "input.invalid_json"],
    ["\ufeff1", "input.invalid_json"],
  ])("refuses %j with %s", (text, expected) => {
    expect(code(text)).toBe(expected);
  });
  it("refuses bytes that are not UTF-8", () => {
    expect(code(Uint8Array.of(0x22, 0xff, 0x22))).toBe("input.invalid_json");
  });
  it("takes `__proto__` for a key like any other", () => {
    const parsed = parseJson('{"__proto__":{"a":1}}', LIMITS);
    expect(parsed.ok && Object.keys(parsed.value as object)).toEqual(["__proto__"]);
  });
});

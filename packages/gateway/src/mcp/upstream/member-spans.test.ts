import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memberSpans } from "./member-spans.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "utf8");
const object = fc.dictionary(fc.string(), fc.jsonValue());

describe("memberSpans", () => {
  it("finds each value of any object, however it is laid out", () => {
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
        const raw = bytes(` ${JSON.stringify(value, null, indent)}\r\n`);
        const spans = memberSpans(raw);
        const read = [...(spans ?? [])].map(([name, { start, end }]) => [
          name,
          JSON.parse(raw.toString("utf8", start, end)),
        ]);
        expect(Object.fromEntries(read)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("never reads as an object what JSON.parse refuses at the top, and never throws", () => {
    fc.assert(
      fc.property(object, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, at, byte) => {
        const raw = bytes(JSON.stringify(value));
        raw[at % raw.length] = byte;
        const spans = memberSpans(raw);
        if (spans === null) return;
        for (const { start, end } of spans.values()) expect(end).toBeGreaterThan(start);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["", "nothing"],
    ["[]", "an array"],
    ["{} {}", "two values"],
    ['{"a":1,}', "a comma too many"],
    ['{"a" 1}', "no colon"],
    ['{"a":1 "b":2}', "no comma"],
    ['{"a":[}]', "brackets that do not fit"],
    ['{"a":"x}', "an open text"],
    ['{"a":tru}', "half a word"],
    ['{"a":01}', "a number with a leading zero"],
    ['{"a":}', "no value"],
    ['{"a":1', "an open object"],
    ['{"a":1,"\\u0061":2}', "one member twice, spelled differently"],
    [`{"a":${"[".repeat(600)}${"]".repeat(600)}}`, "too deep a nest"],
    ['{"a":NaN}', "no number"],
  ])("refuses %j (%s)", (text) => {
    expect(memberSpans(bytes(text))).toBeNull();
  });

  it("reads the names of members as JSON does", () => {
    expect(memberSpans(bytes('{"\\u005fmeta":{}}'))?.has("_meta")).toBe(true);
  });
});

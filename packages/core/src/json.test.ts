import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalBytes, canonicalJson } from "./json.ts";

const anyText = fc.string({ unit: "binary" });

describe("canonicalJson", () => {
  it("writes every text as JSON does", () => {
    const everyAscii = Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code));
    for (const text of [...everyAscii, "", "é", "\u2028", "😀"]) expect(canonicalJson(text)).toBe(JSON.stringify(text));
    fc.assert(fc.property(anyText, (text) => canonicalJson(text) === JSON.stringify(text)));
  });
  it("gives back what it was given", () => {
    const value = fc.jsonValue({ noUnicodeString: false }).filter((json) => !Object.is(json, -0));
    fc.assert(
      fc.property(value, (json) => {
        expect(JSON.parse(canonicalJson(json))).toEqual(JSON.parse(JSON.stringify(json)));
      }),
    );
  });
  it("sorts keys by UTF-16 code units and leaves out what is undefined (RFC 8785 section 3.2.3)", () => {
    const keys = {
      "\u20ac": 1,
      "\r": 2,
      "\ufb33": 3,
      1: 4,
      "\ud83d\ude00": 5,
      "\u0080": 6,
      "\u00f6": 7,
      gone: undefined,
    };
    expect(canonicalJson(keys)).toBe(
      String.raw`{"\r":2,"1":4,"` + '\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
    );
  });
  it.each(["\ud800", "a\udfff", { "\udc00": 1 }, ["\ud83d"]])("refuses the lone surrogate in %j", (value) => {
    expect(() => canonicalJson(value)).toThrow("lone surrogate");
  });
  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1n, Symbol("s")])("refuses what JSON cannot carry", (value) => {
    expect(() => canonicalJson({ value })).toThrow(RangeError);
  });
  it("has UTF-8 bytes", () => {
    expect(Buffer.from(canonicalBytes({ é: "€" })).toString("utf8")).toBe('{"é":"€"}');
  });
});

import { createHash } from "node:crypto";
import { canonicalJson } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase64url, toBase64url } from "./base64url.ts";
import { digestOf, jcs } from "./jcs.ts";

describe("jcs", () => {
  it("is the canonical form of the server, for every JSON value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jcs(JSON.parse(JSON.stringify(value)))).toBe(canonicalJson(value));
      }),
    );
  });

  it("sorts keys by code units", () => {
    expect(jcs({ "\u{1f600}": 1, "\ufb33": 2, b: 3, a: { d: 4, c: 5 } })).toBe(
      '{"a":{"c":5,"d":4},"b":3,"\u{1f600}":1,"\ufb33":2}',
    );
  });

  it("throws on a lone surrogate, in a value and in a key", () => {
    expect(() => jcs(["\ud800"])).toThrow(RangeError);
    expect(() => jcs({ "\udc00": 1 })).toThrow(RangeError);
  });

  it("digests prefix and form", async () => {
    const expected = createHash("sha256").update('x\n{"a":1}').digest("base64url");
    expect(await digestOf({ a: 1 }, "x\n")).toBe(expected);
  });
});

describe("base64url", () => {
  it("reads back what it wrote, and writes what Node writes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = toBase64url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64url"));
        expect(fromBase64url(text)).toEqual(bytes);
      }),
    );
  });

  it("refuses other characters", () => {
    expect(() => fromBase64url("a+b/")).toThrow(RangeError);
  });
});

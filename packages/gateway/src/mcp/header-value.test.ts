import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHeaderValue, encodeHeaderValue } from "./header-value.ts";

describe("header values", () => {
  it("read back what was written, and are safe to send", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const value = encodeHeaderValue(text);
        expect(value).toMatch(/^[\x20-\x7e\t]*$/);
        expect(value.trim()).toBe(value);
        expect(decodeHeaderValue(value)).toBe(text);
      }),
    );
  });

  it("leave plain names as they are", () => {
    expect(encodeHeaderValue("write_file")).toBe("write_file");
  });

  it("refuse broken encodings", () => {
    expect(decodeHeaderValue("=?base64?***?=")).toBeNull();
    expect(decodeHeaderValue("=?base64?/w==?=")).toBeNull();
  });
});

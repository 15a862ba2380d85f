import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64 } from "./base64.ts";

describe("base64", () => {
  it("prints as node does and reads back what it printed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64"));
        expect(decodeBase64(text)).toEqual(bytes);
      }),
    );
  });

  it("reads a text only when it would print it so", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("A", "Q", "g", "w", "/", "+", "=", "-", "_", " ", "\n"), maxLength: 12 }),
        (text) => {
          const bytes = decodeBase64(text);
          expect(bytes === null ? text : encodeBase64(bytes)).toBe(text);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each(["A", "AA", "AAA", "AA=", "AAAA=", "=AAA", "AB==", "AAB=", "AA-_", "AAAA\n", " AAAA", "A===", "AA==AAAA"])(
    "refuses `%s`",
    (text) => {
      expect(decodeBase64(text)).toBeNull();
    },
  );
});

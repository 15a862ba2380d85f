import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { purposeOf } from "./prompt-purpose.ts";

describe("purposeOf", () => {
  it.for<[string, string]>([
    ["tidy up\n\nthe  folder", "tidy up the folder"],
    ["use ghp_abcdefghijklmnop1234 for it", "use [hidden] for it"],
    ["the password is hunter2, go", "the [hidden] go"],
    ["API_KEY=abc123 then run", "[hidden] then run"],
    ["postgres://bob:s3cret@db/x please", "[hidden]db/x please"],
    ["Authorization: Bearer abcdefghijklmnop", "Authorization: [hidden]"],
    ["-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- fix", "[hidden] fix"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig check", "[hidden] check"],
  ])("%s", ([prompt, purpose]) => expect(purposeOf(prompt)).toBe(purpose));

  it("is nothing where nothing is said", () => {
    for (const prompt of ["", "  \n", "\u200B"]) expect(purposeOf(prompt)).toBeNull();
  });

  it("is one bounded line, whatever was asked, and takes no time over it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 3000 }), (prompt) => {
        const purpose = purposeOf(prompt) ?? "x";
        expect(purpose.length).toBeLessThanOrEqual(400);
        expect(purpose).not.toMatch(/[\n\r\p{Cc}]/u);
        expect(purpose.isWellFormed()).toBe(true);
      }),
      { numRuns: 50 },
    );
    for (const repeated of ["a", "password ", "a:", "eyJ.", "A1a", "-----BEGIN PRIVATE KEY-----"])
      expect(purposeOf(repeated.repeat(100_000))?.length).toBeLessThanOrEqual(400);
  });
});

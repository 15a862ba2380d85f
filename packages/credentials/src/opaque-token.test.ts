import { describe, expect, it } from "vitest";
import { opaqueDigest, opaqueMatches, opaqueToken } from "./opaque-token.ts";
import { sameText } from "./same-text.ts";
import { random } from "./testing/fixtures.ts";

describe("opaqueToken", () => {
  it("has 256 bits, and its digest finds it", () => {
    const { token, digest } = opaqueToken(random);
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    expect(opaqueDigest(token)).toBe(digest);
    expect(opaqueMatches(token, digest)).toBe(true);
    expect(opaqueMatches(`${token}a`, digest)).toBe(false);
    expect(opaqueMatches(opaqueToken(random).token, digest)).toBe(false);
    expect(digest).not.toContain(token);
  });
});

describe("sameText", () => {
  it("compares texts of any length", () => {
    expect(sameText("", "")).toBe(true);
    expect(sameText("a", "a")).toBe(true);
    expect(sameText("a", "ab")).toBe(false);
    expect(sameText("ä", "a")).toBe(false);
  });
});

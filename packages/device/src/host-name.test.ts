import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostName } from "./host-name.ts";

describe("hostName", () => {
  it.each([
    ["ada-laptop", "ada-laptop"],
    ["ada-laptop.example.com", "ada-laptop"],
    ["a\u0000d\u202ea b", "adab"],
    ["", "device"],
    [".local", "device"],
    ["x".repeat(80), "x".repeat(64)],
    [`${"x".repeat(63)}😀`, "x".repeat(63)],
  ])("makes %j to %j", (given, name) => {
    expect(hostName(given)).toBe(name);
  });
  it("gives something to show for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (given) => {
        expect(hostName(given)).toMatch(/^[^\p{C}\p{Z}]{1,64}$/u);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ago, timeLeft } from "./ago.ts";

const now = Date.parse("2026-11-22T09:00:00Z");

describe("ago", () => {
  it.each([
    [0, "just now"],
    [-59_000, "just now"],
    [-60_000, "1 min ago"],
    [-3_599_000, "59 min ago"],
    [-3_600_000, "1 h ago"],
    [-86_400_000 * 3, "3 d ago"],
    [1000, "in a moment"],
    [90_000, "in 1 min"],
    [86_400_000 * 30, "in 30 d"],
  ])("%i ms away is `%s`", (distance, words) => {
    expect(ago(now + distance, now)).toBe(words);
  });
});

describe("timeLeft", () => {
  it.each([
    [0, "0:00"],
    [-5000, "0:00"],
    [1, "0:01"],
    [65_000, "1:05"],
    [3_729_000, "1:02:09"],
  ])("%i ms are `%s`", (left, words) => {
    expect(timeLeft(now + left, now)).toBe(words);
  });

  it("never grows as time passes", () => {
    const seconds = (words: string): number => words.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.nat(10_000_000), (left, passed) => {
        const [before, after] = [timeLeft(now + left, now), timeLeft(now + left, now + passed)];
        expect(seconds(after)).toBeLessThanOrEqual(seconds(before));
      }),
    );
  });
});

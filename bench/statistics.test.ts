import { describe, expect, it } from "vitest";
import { median, quantile, rounded } from "./statistics.ts";

describe("quantile", () => {
  it("sorts first and stays within the samples", () => {
    const samples = Array.from({ length: 100 }, (_, i) => 99 - i);
    expect([0, 0.5, 0.99, 1].map((share) => quantile(samples, share))).toEqual([0, 50, 99, 99]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe("median", () => {
  it("is the middle, or lies between the two middles", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe("rounded", () => {
  it("cuts digits, not size", () => {
    expect(rounded(1234.56789)).toBe(1234.568);
    expect(rounded(0.5, 0)).toBe(1);
  });
});

import { describe, expect, it } from "vitest";
import { clockTime, inWords, parseDuration } from "./durations.ts";

describe("durations", () => {
  it.each([
    ["90s", 90],
    ["15m", 900],
    ["1h", 3600],
    ["30d", 2_592_000],
    ["2w", 1_209_600],
    ["0m", null],
    ["-1h", null],
    ["1.5h", null],
    ["1 h", null],
    ["30", null],
    ["d", null],
    ["1y", null],
    ["99999w", null],
    ["", null],
  ])("%j is %j seconds", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each([
    [-5, "0 s"],
    [90_000, "90 s"],
    [900_000, "15 min"],
    [43_200_000, "12 h"],
    [2_592_000_000, "30 days"],
  ])("%d ms is %j", (milliseconds, words) => {
    expect(inWords(milliseconds)).toBe(words);
  });

  it("shows times in UTC, and what is none as it is", () => {
    expect(clockTime("2026-11-22T03:18:05.123+01:00")).toBe("2026-11-22 02:18:05");
    expect(clockTime("-")).toBe("-");
  });
});

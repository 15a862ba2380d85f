import { describe, expect, it } from "vitest";
import { boundWords } from "./bound-words.ts";

describe("boundWords", () => {
  it.each([
    [
      { uses: 5, seconds: 900, fixed: ["mode", "path"], free: ["content"] },
      "Covers up to 5 calls in 15 minutes, with mode and path just as shown, with any value of content. Every other argument is refused.",
    ],
    [
      { uses: 1, seconds: 60, fixed: ["path"], free: [] },
      "Covers 1 call in 1 minutes, with path just as shown. Every other argument is refused.",
    ],
    [
      { uses: 2, seconds: 900, fixed: [], free: ["a", "b", "c"] },
      "Covers up to 2 calls in 15 minutes, with any value of a, b and c. Every other argument is refused.",
    ],
  ])("%j", (bound, words) => {
    expect(boundWords(bound)).toBe(words);
  });
});

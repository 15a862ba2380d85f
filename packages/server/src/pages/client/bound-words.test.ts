import { describe, expect, it } from "vitest";
import { choiceWords } from "./bound-words.ts";

describe("choiceWords", () => {
  it.each([
    [{ uses: 5, free: [] }, "Up to 5 calls in 15 minutes. Each just as shown. No argument may be added."],
    [
      { uses: 1, free: ["content\u202e"] },
      "1 call in 15 minutes. What is ticked may be anything, the rest is just as shown. No argument may be added.",
    ],
  ])("%j", (bound, words) => {
    expect(choiceWords({ seconds: 900, fixed: ["path"], ...bound })).toBe(words);
  });
});

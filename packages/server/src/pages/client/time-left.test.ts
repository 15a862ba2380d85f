import { expect, it } from "vitest";
import { timeLeft } from "./time-left.ts";

it.each([
  [0, "0:00"],
  [59, "0:59"],
  [61, "1:01"],
  [3599, "59:59"],
  [3723, "1:02:03"],
])("%i seconds are %s", (seconds, text) => {
  expect(timeLeft(seconds)).toBe(text);
});

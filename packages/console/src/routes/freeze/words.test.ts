import { expect, it } from "vitest";
import { disposed } from "./words.ts";

it("names what became of actions in flight and never claims that they were undone", () => {
  expect(disposed([])).toBe(", nothing in flight");
  expect(disposed([{ disposition: "not_sent" }, { disposition: "unknown" }, { disposition: "odd" }])).toBe(
    ", in flight: not sent, sent before, may have happened, odd",
  );
});

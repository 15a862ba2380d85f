import { expect, it } from "vitest";
import { inFlightWords } from "./in-flight.ts";

it("names what became of actions in flight and never claims that they were undone", () => {
  expect(inFlightWords([])).toBe("nothing in flight");
  expect(inFlightWords([{ disposition: "not_sent" }, { disposition: "unknown" }, { disposition: "odd" }])).toBe(
    "in flight: not sent, sent before, may have happened, odd",
  );
});

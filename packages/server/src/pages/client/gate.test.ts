import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Gate, gateOf, isOpen, nextLabel, showNext } from "./gate.ts";

describe("the gate before signing", () => {
  it("opens only after every part was shown", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (total) => {
        let gate: Gate = gateOf(total);
        for (let shown = 1; shown < total; shown += 1) {
          expect(isOpen(gate)).toBe(false);
          gate = showNext(gate);
        }
        expect(isOpen(gate)).toBe(true);
        expect(showNext(gate)).toEqual(gate);
      }),
    );
  });

  it("says which part comes next", () => {
    expect(nextLabel(gateOf(7))).toBe("Show part 2 of 7");
  });

  it("is open when there is nothing to show", () => {
    expect(isOpen(gateOf(0))).toBe(true);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Deadlines } from "./deadlines.ts";

describe("Deadlines", () => {
  it("gives what is due, all of it and the earliest first, whatever was added when", () => {
    const step = fc.record({ add: fc.array(fc.nat(100), { maxLength: 8 }), now: fc.nat(120) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const deadlines = new Deadlines<number>();
        let known: number[] = [];
        for (const { add, now } of steps) {
          for (const at of add) deadlines.add(at, at);
          known = [...known, ...add].sort((a, b) => a - b);
          expect(deadlines.take(now)).toEqual(known.filter((at) => at <= now));
          known = known.filter((at) => at > now);
          expect(deadlines.size).toBe(known.length);
        }
      }),
    );
  });
});

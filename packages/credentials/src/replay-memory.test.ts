import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PROOF_AGE_SECONDS, PROOF_AHEAD_SECONDS, ReplayMemory } from "./replay-memory.ts";
import { NOW } from "./testing/fixtures.ts";

const at = (seconds: number, say: object = {}): { jkt: string; jti: string; iat: number; now: number } => ({
  jkt: "key",
  jti: "a",
  iat: NOW / 1000 + seconds,
  now: NOW + seconds * 1000,
  ...say,
});

describe("ReplayMemory", () => {
  it("passes each id of a key once", () => {
    const memory = new ReplayMemory();
    expect(memory.remember(at(0))).toBe(true);
    expect(memory.remember(at(0))).toBe(false);
    expect(memory.remember(at(0, { jti: "b" }))).toBe(true);
    expect(memory.remember(at(0, { jkt: "other" }))).toBe(true);
  });
  it("never passes a proof twice while it is acceptable, in any order of clocks", () => {
    const second = fc.integer({ min: 0, max: 400 });
    const use = fc.record({ made: second, used: second, jti: fc.constantFrom("a", "b") });
    fc.assert(
      fc.property(fc.array(use, { maxLength: 60 }), (uses) => {
        const memory = new ReplayMemory();
        const passed = new Set<string>();
        for (const { made, used, jti } of uses) {
          const age = used - made;
          if (age >= PROOF_AGE_SECONDS || age < -PROOF_AHEAD_SECONDS) continue;
          if (!memory.remember(at(0, { jti, iat: made, now: used * 1000 }))) continue;
          expect(passed).not.toContain(`${jti}@${String(made)}`);
          passed.add(`${jti}@${String(made)}`);
        }
      }),
    );
  });
  it("forgets what can no longer be used", () => {
    const memory = new ReplayMemory();
    for (let second = 0; second < 300; second += 1) memory.remember(at(second, { jti: String(second) }));
    expect(memory.size).toBeLessThanOrEqual(PROOF_AGE_SECONDS + 10);
    expect(memory.remember(at(300, { jti: "300" }))).toBe(true);
  });
  it("denies when it is full, and passes again when time has made room", () => {
    const memory = new ReplayMemory(2, 10);
    expect(memory.remember(at(0))).toBe(true);
    expect(memory.remember(at(0, { jti: "b" }))).toBe(true);
    expect(memory.remember(at(1, { jti: "c" }))).toBe(false);
    expect(memory.size).toBe(2);
    expect(memory.remember(at(PROOF_AGE_SECONDS + 10, { jti: "d" }))).toBe(true);
  });
  it("keeps one key from taking the room of all", () => {
    const memory = new ReplayMemory(4);
    expect(memory.remember(at(0))).toBe(true);
    expect(memory.remember(at(11, { jti: "b" }))).toBe(true);
    expect(memory.remember(at(11, { jti: "c" }))).toBe(false);
    expect(memory.remember(at(11, { jkt: "other" }))).toBe(true);
  });
  it("denies what it may have forgotten when the clock went back", () => {
    const memory = new ReplayMemory();
    expect(memory.remember(at(0))).toBe(true);
    expect(memory.remember(at(3600, { jti: "later" }))).toBe(true);
    expect(memory.remember(at(0))).toBe(false);
    expect(memory.remember(at(15, { jti: "b" }))).toBe(true);
  });
});

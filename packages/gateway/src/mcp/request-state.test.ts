import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readState, signState } from "./request-state.ts";

const key = Buffer.alloc(32, 1);
const owner = { task: "tsk_0123456789012345678901", upstream: "files" } as const;
const states = fc.record({
  park: fc.stringMatching(/^[0-9a-f]{32}$/),
  round: fc.integer({ min: 0, max: 999 }),
  expiresAt: fc.integer({ min: 2, max: 2 ** 50 }),
});

describe("a request state", () => {
  it("is read back as it was signed, until it ends", () => {
    fc.assert(
      fc.property(states, (state) => {
        const text = signState(state, owner, key);
        expect(readState(text, owner, { key, now: state.expiresAt - 1 })).toEqual(state);
        expect(readState(text, owner, { key, now: state.expiresAt })).toBeNull();
      }),
    );
  });

  it("is nobody else's, under no other key, and not one character of it can be changed", () => {
    fc.assert(
      fc.property(states, fc.nat(), fc.stringMatching(/^[A-Za-z0-9._-]$/), (state, place, character) => {
        const text = signState(state, owner, key);
        const trust = { key, now: 1 };
        expect(readState(text, { ...owner, task: "tsk_0123456789012345678902" }, trust)).toBeNull();
        expect(readState(text, { ...owner, upstream: "other" }, trust)).toBeNull();
        expect(readState(text, owner, { ...trust, key: Buffer.alloc(32, 2) })).toBeNull();
        const at = place % text.length;
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        expect(changed === text ? null : readState(changed, owner, trust)).toBeNull();
      }),
    );
  });

  it("survives whatever comes", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readState(text, owner, { key, now: 1 })).toBeNull();
      }),
    );
  });
});

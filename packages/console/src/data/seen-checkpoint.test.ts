import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SeenCheckpoint, forgetCheckpoint, remember, seenCheckpoint } from "./seen-checkpoint.ts";

function storage(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const items = new Map<string, string>();
  return {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  };
}
const at = (size: number, vkey = "log+1+k"): SeenCheckpoint => ({ vkey, size, root: "r", at: "2026-11-22T00:00:00Z" });

describe("what this browser remembers of the log", () => {
  it("is the newest checkpoint, also when another tab was faster", () => {
    const kept = storage();
    expect(seenCheckpoint(kept)).toBeNull();
    remember(kept, at(7));
    remember(kept, at(5));
    expect(seenCheckpoint(kept)).toEqual(at(7));
    remember(kept, at(3, "log+2+k"));
    expect(seenCheckpoint(kept)).toEqual(at(3, "log+2+k"));
    forgetCheckpoint(kept);
    expect(seenCheckpoint(kept)).toBeNull();
  });

  it("is nothing when it cannot be read, whatever stands there", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const seen = seenCheckpoint({ getItem: () => text });
        expect(seen === null || Number.isSafeInteger(seen.size)).toBe(true);
      }),
    );
    expect(seenCheckpoint({ getItem: () => JSON.stringify({ ...at(1), size: 0.5 }) })).toBeNull();
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Preview, type RelationEffect, isPreview, sameEffect } from "./preview.ts";

const effect: RelationEffect = {
  relation: "public.executives",
  operation: "delete",
  count: 3,
  keyColumns: ["id"],
  keys: ["[1]", "[2]", "[3]"],
  digest: "A".repeat(43),
  filledAtCommit: [],
  unseen: null,
  columns: ["id"],
  sample: [{ before: ["1"], after: null }],
};
const measured = (change: Partial<RelationEffect> = {}): Preview => ({
  kind: "measured",
  relations: [{ ...effect, ...change }],
});

describe("isPreview", () => {
  it("takes previews, and no other form", () => {
    expect(isPreview(measured())).toBe(true);
    expect(isPreview({ kind: "unknown", reason: "x" })).toBe(true);
    const { digest: _, ...without } = effect;
    const others = [
      null,
      [],
      {},
      { kind: "measured" },
      { kind: "unknown", reason: "x", relations: [] },
      { kind: "unknown", reason: "x".repeat(301) },
      { kind: "unknown", reason: "\ud800" },
      { kind: "measured", relations: [without] },
      { kind: "measured", relations: [{ ...effect, more: 1 }] },
      { kind: "measured", relations: Array.from({ length: 65 }, () => effect) },
      measured({ count: -1 }),
      measured({ digest: "short" }),
      measured({ operation: "select" as never }),
      measured({ keys: ["\udc00"] }),
      measured({ keys: Array.from({ length: 101 }, () => "[1]") }),
      measured({
        sample: Array.from({ length: 10 }, () => ({ before: Array(64).fill("x".repeat(500)), after: null })),
      }),
    ];
    for (const other of others) expect(isPreview(other)).toBe(false);
  });

  it("never throws, whatever comes", () => {
    const anything = fc.anything();
    const nearly = fc.record({
      kind: fc.constantFrom("measured", "counted", "unknown"),
      reason: anything,
      relations: anything,
    });
    const any = fc.property(fc.oneof(anything, nearly), (value) => typeof isPreview(value) === "boolean");
    expect(() => fc.assert(any)).not.toThrow();
    const relation = fc.record(
      Object.fromEntries(
        Object.keys(effect).map((name) => [name, fc.oneof(anything, fc.constant(effect[name as "keys"]))]),
      ),
    );
    fc.assert(fc.property(fc.array(relation), (relations) => void isPreview({ kind: "measured", relations })));
  });
});

describe("sameEffect", () => {
  it("looks at what is done to which rows, not at what is shown of them", () => {
    expect(sameEffect(measured(), measured({ keys: [], sample: [], columns: [] }))).toBe(true);
    for (const change of [
      { count: 4 },
      { relation: "public.others" },
      { operation: "update" },
      { digest: "B".repeat(43) },
      { filledAtCommit: ["at"] },
      { unseen: "some" },
    ] as const)
      expect(sameEffect(measured(), measured(change))).toBe(false);
    expect(sameEffect(measured(), { kind: "measured", relations: [] })).toBe(false);
    expect(sameEffect(measured(), { kind: "counted", relations: [effect] })).toBe(false);
    expect(sameEffect({ kind: "unknown", reason: "x" }, measured())).toBe(false);
  });
});

import { canonicalJson, type Json } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { sampleEntry } from "./testing/sample-log.ts";
import { EntryChecks, type Remarks } from "./entry-checks.ts";

function remarksOf(entries: readonly (Uint8Array | string)[]): Remarks {
  const checks = new EntryChecks();
  entries.forEach((entry, index) => {
    checks.see(Buffer.from(entry), index);
  });
  return checks.finish();
}
const codes = (entries: readonly (Uint8Array | string)[]): string[] =>
  remarksOf(entries).listed.map(({ code, index }) => `${code} ${String(index)}`);
const entry = (fields: Record<string, Json>): string =>
  canonicalJson({ kind: "task", point: "ep_a", pointSeq: 1, v: 1, ...fields });

describe("EntryChecks", () => {
  it("finds nothing in sound entries, whose points count from 0 or from 1", () => {
    expect(codes([0, 1, 2, 3].map((i) => sampleEntry(i)))).toEqual([]);
    expect(
      codes([entry({ pointSeq: 0 }), entry({ point: "ep_b" }), entry({}), entry({ point: "ep_b", pointSeq: 2 })]),
    ).toEqual([]);
  });

  it("finds an entry that is not the canonical form of an object", () => {
    const bad = [
      "",
      "{}x",
      "[]",
      "null",
      '{"v":1} ',
      '{ "v":1}',
      '{"v":1.0}',
      '{"v":1,"a":2}',
      '{"a":1,"a":1,"v":1}',
      '{"a":"\\u0041","v":1}',
      '{"a":"\\ud800","v":1}',
      '{"a":1e400,"v":1}',
      `{"a":${"[".repeat(30_000)}${"]".repeat(30_000)},"v":1}`,
      Uint8Array.of(0x22, 0xff, 0x22),
      Buffer.from('\ufeff{"v":1}'),
    ];
    expect(codes(bad)).toEqual(bad.map((_, i) => `entry.not_canonical ${String(i)}`));
  });

  it("finds another version, and fields that are missing", () => {
    expect(codes(["{}", entry({ v: 2 }), entry({ v: "1" })])).toEqual([
      "entry.wrong_version 0",
      "entry.wrong_version 1",
      "entry.wrong_version 2",
    ]);
    const bad = [
      '{"v":1}',
      entry({ pointSeq: "1" }),
      entry({ pointSeq: 0.5 }),
      entry({ point: 7 }),
      entry({ kind: null }),
    ];
    expect(codes([...bad, entry({ kind: "action.intent" }), entry({ kind: "action.outcome", intent: 7 })])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((i) => `entry.malformed ${String(i)}`),
    );
  });

  it("finds a gap and a repetition in the count of a point, and goes on from there", () => {
    const counts = [1, 2, 4, 5, 5, 3, 6];
    expect(codes(counts.map((pointSeq) => entry({ pointSeq })))).toEqual([
      "point.gap 2",
      "point.repeated 4",
      "point.repeated 5",
    ]);
    expect(codes([entry({ pointSeq: 2 })])).toEqual(["point.gap 0"]);
    expect(codes([entry({ pointSeq: -1 })])).toEqual(["point.repeated 0"]);
    expect(remarksOf([1, 3].map((pointSeq) => entry({ pointSeq }))).listed[0]?.detail).toBe(
      "point `ep_a` counts 3 instead of 2",
    );
  });

  it("finds each intent without an outcome", () => {
    const step = (pointSeq: number, kind: string, intent: string): string => entry({ pointSeq, kind, intent });
    const entries = [
      step(1, "action.intent", "int_a"),
      step(2, "action.intent", "int_b"),
      step(3, "action.outcome", "int_b"),
      step(4, "action.intent", "int_c"),
      step(5, "approval", "int_a"),
    ];
    expect(codes(entries)).toEqual(["intent.no_outcome 0", "intent.no_outcome 3"]);
  });

  it("lists 1,000 remarks and counts them all", () => {
    const remarks = remarksOf(Array.from({ length: 1500 }, () => "x"));
    expect(remarks.listed).toHaveLength(1000);
    expect(remarks.total).toBe(1500);
  });
});

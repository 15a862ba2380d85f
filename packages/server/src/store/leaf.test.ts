import { canonicalJson, type LedgerEntry } from "@countersign/core";
import type { EntryDraft } from "@countersign/enforce";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leafPieces } from "./leaf.ts";
import { packCommit } from "./pack-commit.ts";
import { Samples } from "./testing/samples.ts";

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<never>;
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const places = fc.record({ seq: fc.nat(), hash: text });
const drafts = fc.record(
  {
    id: text,
    time: text,
    kind: fc.constantFrom("action.intent", "brake"),
    chain: fc.record({ human: maybe(text), device: maybe(text), agent: maybe(text), task: maybe(text) }),
    agentProof: maybe(fc.constant("declared")),
    action: maybe(text),
    resource: maybe(text),
    resources: fc.array(text),
    effect: maybe(fc.constant("read")),
    argsCommitment: maybe(text),
    argsShown: maybe(fc.record({ value: json, hidden: fc.array(text) })),
    decision: maybe(
      fc.record({
        result: fc.constant("deny"),
        step: maybe(text),
        code: maybe(text),
        policyIds: fc.array(text),
        policySetHash: text,
      }),
    ),
    posture: json,
    risk: maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
    approval: text,
    intent: text,
    outcome: fc.record({ status: fc.constant("ok"), resultCommitment: maybe(text), bytes: fc.nat() }),
    cause: json,
  },
  {
    requiredKeys: [
      "id",
      "time",
      "kind",
      "chain",
      "agentProof",
      "action",
      "resource",
      "effect",
      "argsCommitment",
      "argsShown",
      "decision",
      "posture",
      "risk",
    ],
  },
) as unknown as fc.Arbitrary<EntryDraft>;

describe("leafPieces", () => {
  it("joins to the canonical form of the whole entry, whatever is in it", () => {
    const records = fc.array(fc.record({ kind: text, id: text, digest: text }), { maxLength: 3 });
    fc.assert(
      fc.property(
        drafts,
        records,
        fc.tuple(fc.nat(), fc.option(fc.nat(), { nil: null }), fc.option(places, { nil: undefined })),
        (draft, named, [pointSeq, taskSeq, spool]) => {
          const { head, middle, tail } = leafPieces({ point: "ep_1", draft, records: named, spool });
          const entry = {
            ...draft,
            v: 1,
            point: "ep_1",
            pointSeq,
            taskSeq,
            ...(named.length === 0 ? {} : { records: named }),
            ...(spool === undefined ? {} : { spool }),
          } as LedgerEntry;
          expect(`${head}${String(pointSeq)}${middle}${String(taskSeq)}${tail}`).toBe(canonicalJson(entry));
        },
      ),
    );
  });

  it("carries only the members of a leaf, even when the draft has more", () => {
    const make = new Samples();
    const draft = {
      ...make.draft(),
      decision: { result: "permit", step: null, code: null, policyIds: [], policySetHash: "", holds: ["secret"] },
      note: "secret",
    };
    const { head, middle, tail } = leafPieces({ point: "ep_1", draft: draft as unknown as EntryDraft, records: [] });
    expect(head + middle + tail).not.toContain("secret");
  });

  it("refuses a lone surrogate", () => {
    const make = new Samples();
    const commit = { entries: [make.entry(make.id("ep"), make.draft({ resource: "file:/\ud800" }))] };
    expect(() => packCommit(commit)).toThrow(expect.objectContaining({ code: "input.invalid_json" }));
  });
});

describe("packCommit", () => {
  it("refuses a record that is put twice", () => {
    const make = new Samples();
    const human = make.human();
    const commit = { put: [human, human], entries: [make.entry(make.id("ep"), make.draft(), [human])] };
    expect(() => packCommit(commit)).toThrow(expect.objectContaining({ code: "internal.error" }));
  });
});

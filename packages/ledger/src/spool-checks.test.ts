import { createPublicKey, verify } from "node:crypto";
import { canonicalJson, type JsonObject, type LedgerEntry } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EntryChecks } from "./entry-checks.ts";
import type { VerifySpool } from "./spool-checks.ts";
import { draftOf, spoolChain, spoolSignedBytes } from "./spool-chain.ts";
import { nodeSha256 } from "./testing/sample-log.ts";
import { spoolSample } from "./testing/spool-sample.ts";

const sample = spoolSample();
const verifySpool: VerifySpool = (key, bytes, signature) =>
  verify(null, bytes, createPublicKey({ key: key as never, format: "jwk" }), Buffer.from(signature, "base64url"));

function codes(entries: readonly string[], verifying: VerifySpool | null = verifySpool): string[] {
  const checks = new EntryChecks({ sha256: nodeSha256, verify: verifying ?? undefined });
  entries.forEach((entry, index) => {
    checks.see(Buffer.from(entry), index);
  });
  return checks
    .finish()
    .listed.flatMap(({ code, index }) => (code.startsWith("spool.") ? [`${code} ${String(index)}`] : []));
}
/** The sample with one entry changed. */
function changed(at: number, change: (entry: JsonObject) => JsonObject): string[] {
  return sample.entries.map((entry, i) => (i === at ? canonicalJson(change(JSON.parse(entry) as JsonObject)) : entry));
}
const MERGE = 2;
const cause = (entry: JsonObject): JsonObject => entry["cause"] as JsonObject;

describe("the chain of a spool", () => {
  it("is that of the protocol page", () => {
    const chain = spoolChain(nodeSha256);
    let hash = chain.begin(sample);
    expect(Buffer.from(hash).toString("base64url")).toBe(sample.begin);
    for (const { seq, digests, hash: expected } of sample.frames) {
      hash = chain.next(
        hash,
        seq,
        digests.map((digest) => Buffer.from(digest, "base64url")),
      );
      expect(Buffer.from(hash).toString("base64url")).toBe(expected);
    }
    const last = sample.frames.at(-1)!;
    const run = { point: sample.point, from: 1, to: last.seq, hash: last.hash };
    expect(Buffer.from(spoolSignedBytes(run)).toString()).toBe(sample.signed);
    const entry = JSON.parse(sample.entries[3]!) as LedgerEntry;
    expect(Buffer.from(chain.digest(draftOf(entry))).toString("base64url")).toBe(sample.frames[0]?.digests[0]);
  });
});

describe("what a log says of spools", () => {
  it("is sound in the sample, with and without a look at the signature", () => {
    expect(codes(sample.entries)).toEqual([]);
    expect(codes(sample.entries, null)).toEqual([]);
  });

  it("is broken when any member of a merged entry is another", () => {
    for (const change of [
      (entry: JsonObject) => ({ ...entry, time: "2026-01-01T00:00:00.099Z" }),
      (entry: JsonObject) => ({ ...entry, resource: "file:/other" }),
      (entry: JsonObject) => ({ ...entry, cause: { text: "other" } }),
      (entry: JsonObject) => ({ ...entry, spool: { ...(entry["spool"] as JsonObject), hash: sample.begin } }),
      (entry: JsonObject) => ({ ...entry, spool: { ...(entry["spool"] as JsonObject), seq: 3 } }),
    ])
      expect(codes(changed(4, change)).length).toBeGreaterThan(0);
  });

  it("is broken when an entry is missing, added, exchanged or of another point", () => {
    const { entries } = sample;
    for (let at = 3; at < entries.length; at += 1) expect(codes(entries.toSpliced(at, 1))).toEqual(["spool.broken 2"]);
    expect(codes([...entries, entries[5]!])).toEqual(["spool.broken 2"]);
    expect(codes([...entries.slice(0, 3), entries[4]!, entries[3]!, entries[5]!])).toEqual(["spool.broken 2"]);
    expect(codes(changed(5, (entry) => ({ ...entry, point: "ep_other" })))).toEqual([
      "spool.broken 5",
      "spool.broken 2",
    ]);
    expect(codes(entries.toSpliced(MERGE, 1))).toEqual(["spool.broken 2", "spool.broken 3", "spool.broken 4"]);
  });

  it("is broken when a merge does not continue the one before it", () => {
    const again = [...sample.entries, sample.entries[MERGE]!];
    expect(codes(again)).toEqual([`spool.broken ${String(again.length - 1)}`]);
    for (const change of [
      { from: 2 },
      { to: 2 },
      { to: 1e15 },
      { prev: sample.frames[0]!.hash },
      { hash: sample.begin },
      { spool: "other" },
      { present: [] },
    ]) {
      const found = codes(changed(MERGE, (entry) => ({ ...entry, cause: { ...cause(entry), ...change } })));
      expect(found).toContain("spool.broken 2");
    }
  });

  it("is unsigned when the signature is another, and no one looks at what cannot be one", () => {
    const signature = Buffer.alloc(64, 1).toString("base64url");
    const other = changed(MERGE, (entry) => ({ ...entry, cause: { ...cause(entry), signature } }));
    expect(codes(other)).toEqual(["spool.unsigned 2"]);
    expect(codes(other, null)).toEqual([]);
    expect(codes(changed(MERGE, (entry) => ({ ...entry, cause: { ...cause(entry), signature: 7 } })))).toEqual([
      "spool.unsigned 2",
    ]);
  });

  it("never throws, whatever stands in these members", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.jsonValue(),
        fc.constantFrom("spool", "from", "to", "prev", "hash", "present", "key"),
        (a, b, name) => {
          codes(
            changed(MERGE, (entry) => ({ ...entry, cause: { ...cause(entry), [name]: a as never } })),
            () => false,
          );
          codes(changed(MERGE, (entry) => ({ ...entry, cause: a as never, resource: b as never })));
          codes(changed(4, (entry) => ({ ...entry, spool: a as never, point: b as never })));
        },
      ),
    );
    expect(codes(sample.entries)).toEqual([]);
  });
});

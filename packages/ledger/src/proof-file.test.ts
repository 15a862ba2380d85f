import { AppError } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logSigner, nodeSha256, nodeVerify, sampleEntry, sampleLog, witnessSigner } from "./testing/sample-log.ts";
import type { Trust } from "./checkpoint.ts";
import { cosign } from "./cosignature.ts";
import { parseProofFile, printProofFile, type ProofFile, verifyProofFile } from "./proof-file.ts";
import { syncTileReader } from "./tile-reader.ts";

const SIZE = 300;
const log = sampleLog(SIZE);
const checkpoint = Buffer.from(log.read("checkpoint", 1e6) ?? []).toString();
const text = checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1);
const proofOf = (index: number, extra: Uint8Array | null = null): ProofFile => ({
  index,
  hashes: syncTileReader(nodeSha256, log.read).inclusionProof(index, SIZE),
  checkpoint,
  extra,
});
const trust: Trust = { logKey: logSigner.key, cosigners: [witnessSigner.key], verify: nodeVerify };
const options = { sha256: nodeSha256, trust };
const HASH = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

describe("verifyProofFile", () => {
  it("accepts a proof of each entry, alone and with extra data and a cosignature", async () => {
    for (const index of [0, 1, 255, 256, 299]) {
      const proof = printProofFile(proofOf(index));
      expect(await verifyProofFile(proof, sampleEntry(index), options)).toMatchObject({
        ok: true,
        index,
        checkpoint: { size: SIZE },
      });
    }
    const cosigned = { ...proofOf(7, Buffer.from("note")), checkpoint: checkpoint + cosign(text, witnessSigner, 5) };
    const file = Buffer.from(printProofFile(cosigned));
    expect(await verifyProofFile(file, sampleEntry(7), options)).toMatchObject({
      ok: true,
      cosignatures: [{ timeSeconds: 5 }],
    });
  });

  it("refuses another entry, another index, and an entry that is too large", async () => {
    const proof = proofOf(7);
    const wrong = { ok: false, code: "proof.wrong" };
    expect(await verifyProofFile(printProofFile(proof), sampleEntry(8), options)).toEqual(wrong);
    expect(await verifyProofFile(printProofFile({ ...proof, index: 8 }), sampleEntry(7), options)).toEqual(wrong);
    expect(await verifyProofFile(printProofFile({ ...proof, index: SIZE }), sampleEntry(7), options)).toEqual(wrong);
    expect(await verifyProofFile(printProofFile(proof), new Uint8Array(65_536), options)).toEqual(wrong);
  });

  it("refuses any one changed bit of a file without extra data", async () => {
    const bytes = Buffer.from(printProofFile(proofOf(299)));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect((await verifyProofFile(changed, sampleEntry(299), options)).ok, `bit ${String(bit)}`).toBe(false);
    }
  });

  it("says which part is refused", async () => {
    expect(await verifyProofFile("garbage", sampleEntry(0), options)).toEqual({ ok: false, code: "proof.malformed" });
    const unsigned = printProofFile(proofOf(0)).replace(/\u2014 .*/, "\u2014 a AAAAAAA=");
    expect(await verifyProofFile(unsigned, sampleEntry(0), options)).toEqual({ ok: false, code: "note.unsigned" });
  });
});

describe("parseProofFile", () => {
  it("is the inverse of printProofFile", () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const proof: fc.Arbitrary<ProofFile> = fc.record({
      index: fc.maxSafeNat(),
      hashes: fc.array(hash, { maxLength: 63 }),
      checkpoint: fc.string({ unit: fc.constantFrom("a", "\n", "\u2014") }),
      extra: fc.option(fc.uint8Array({ maxLength: 100 })),
    });
    fc.assert(
      fc.property(proof, (any) => {
        expect(parseProofFile(printProofFile(any))).toEqual({ ok: true, proof: any });
      }),
    );
    expect(parseProofFile(printProofFile(proofOf(0, new Uint8Array(65_535)))).ok).toBe(true);
  });

  const head = "c2sp.org/tlog-proof@v1\n";
  it.each([
    ["nothing", ""],
    ["no checkpoint", `${head}index 0\n`],
    ["another version", "c2sp.org/tlog-proof@v2\nindex 0\n\n"],
    ["no index", `${head}\n${checkpoint}`],
    ["an index with a leading zero", `${head}index 00\n\n`],
    ["a negative index", `${head}index -1\n\n`],
    ["an index beyond 2^53 - 1", `${head}index 9007199254740992\n\n`],
    ["extra data after the index", `${head}index 0\nextra AAAA\n\n`],
    ["extra data twice", `${head}extra AAAA\nextra AAAA\nindex 0\n\n`],
    ["extra data that is no base64", `${head}extra A\nindex 0\n\n`],
    ["too much extra data", `${head}extra ${"AAAA".repeat(21_846)}\nindex 0\n\n`],
    ["a short hash", `${head}index 0\n${HASH.slice(4)}\n\n`],
    ["a hash of 33 bytes", `${head}index 0\n${HASH.replace("=", "H")}\n\n`],
    ["a hash with spare bits", `${head}index 0\n${HASH.replace("wc=", "wd=")}\n\n`],
    ["64 hashes", `${head}index 0\n${`${HASH}\n`.repeat(64)}\n`],
    ["carriage returns", `${head}index 0\r\n\r\n`],
    ["a lone surrogate", `${head}index 0\n\n\ud800`],
  ])("refuses %s", (_, input) => {
    expect(parseProofFile(input)).toEqual({ ok: false, code: "proof.malformed" });
  });

  it("refuses a file over the size limit unread", () => {
    expect(parseProofFile("x".repeat(1_146_881))).toEqual({ ok: false, code: "proof.too_large" });
  });

  it("does not print what it would not read", () => {
    const bad: Partial<ProofFile>[] = [
      { index: -1 },
      { index: 0.5 },
      { hashes: [new Uint8Array(31)] },
      { extra: new Uint8Array(65_536) },
    ];
    for (const change of bad) expect(() => printProofFile({ ...proofOf(0), ...change })).toThrow(AppError);
  });
});

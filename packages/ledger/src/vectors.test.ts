import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { vectorFiles } from "./testing/vectors.ts";
import { nodeVerify } from "./testing/sample-log.ts";
import { openCheckpoint, type Trust } from "./checkpoint.ts";
import { leafHasher } from "./hash.ts";
import { verifyConsistency, verifyInclusion } from "./proof.ts";
import { verifyProofFile } from "./proof-file.ts";
import { sha256 } from "./sha256.ts";
import { verifyLog } from "./verify-log.ts";
import { parseVkey, type VerifierKey } from "./vkey.ts";

const file = (path: string): Buffer => readFileSync(new URL(`../testdata/${path}`, import.meta.url));
const bytes = (hex: string): Uint8Array => Buffer.from(hex, "hex");
function key(path: string): VerifierKey {
  const parsed = parseVkey(sha256, file(path).toString().trim());
  if (!parsed.ok) throw new Error(parsed.code);
  return parsed.key;
}
const trust: Trust = { logKey: key("log/vkey"), cosigners: [key("witness-vkey")], verify: nodeVerify };

interface Proofs {
  readonly leafHash: { readonly hash: string };
  readonly inclusion: {
    readonly index: number;
    readonly size: number;
    readonly hashes: readonly string[];
    readonly root: string;
  };
  readonly consistency: Record<"oldRoot" | "root", string> &
    Record<"oldSize" | "size", number> & { readonly hashes: readonly string[] };
}

describe("the published test vectors", () => {
  it("are what the present code writes", () => {
    for (const [path, content] of vectorFiles()) {
      expect(file(path).equals(content), path).toBe(true);
    }
  });

  it("hold a log that verifies, continues the older checkpoint, and is cosigned", async () => {
    const read = (path: string): Uint8Array | null => {
      try {
        return file(`log/${path}`);
      } catch {
        return null;
      }
    };
    const options = {
      sha256,
      verify: nodeVerify,
      oldCheckpoint: file("old-checkpoint"),
      cosigners: trust.cosigners ?? [],
    };
    expect(await verifyLog(read, file("log/vkey").toString().trim(), options)).toMatchObject({
      ok: true,
      checkpoint: { origin: "ledger.example/countersign", size: 260 },
      cosignatures: [{ key: { name: "witness.example/w1" }, timeSeconds: 1_767_225_700 }],
      continues: 100,
      remarks: { total: 0 },
    });
  });

  it("hold proofs that verify", async () => {
    const { leafHash, inclusion, consistency } = JSON.parse(file("proofs.json").toString()) as Proofs;
    const entry = file("entry-257");
    expect(Buffer.from(leafHasher(sha256)(entry)).toString("hex")).toBe(leafHash.hash);
    const { index, size } = inclusion;
    const inTree = {
      index,
      size,
      leafHash: bytes(leafHash.hash),
      proof: inclusion.hashes.map(bytes),
      root: bytes(inclusion.root),
    };
    expect(verifyInclusion(sha256, inTree)).toBe(true);
    const { oldRoot, root, hashes, ...sizes } = consistency;
    expect(
      verifyConsistency(sha256, { ...sizes, oldRoot: bytes(oldRoot), root: bytes(root), proof: hashes.map(bytes) }),
    ).toBe(true);
    expect(await verifyProofFile(file("entry-257.tlog-proof"), entry, { sha256, trust })).toMatchObject({
      ok: true,
      index: 257,
    });
  });

  const cases = JSON.parse(file("refused.json").toString()) as {
    readonly why: string;
    readonly code: string;
    readonly note: string;
  }[];
  it.each(cases)("hold a checkpoint to be refused because $why", async ({ note, code }) => {
    expect(await openCheckpoint(note, trust)).toEqual({ ok: false, code });
  });
});

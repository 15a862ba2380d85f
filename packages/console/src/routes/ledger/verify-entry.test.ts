import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { type EntryId, canonicalBytes, newId } from "@countersign/core";
import {
  LogWriter,
  type ReadFile,
  parseProofFile,
  printVkey,
  signCheckpoint,
  verifierKey,
  verifyProofFile,
} from "@countersign/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SeenCheckpoint } from "../../data/seen-checkpoint.ts";
import { type GivenEntry, type LogView, type Verdict, verifyEntry } from "./verify-entry.ts";

const SIZE = 300;
const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const secret = createHash("sha256").update("console test log").digest();
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), secret]),
  format: "der",
  type: "pkcs8",
});
const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
const key = verifierKey(sha256, { name: "log.example", type: "ed25519", publicKey: Buffer.from(x, "base64url") });
const signer = { key, sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) };
const verifyNode: NonNullable<LogView["verify"]> = (_, bytes, signature) =>
  verify(null, bytes, createPublicKey(privateKey), signature);

const idOf = (index: number): EntryId => newId("ent", 1_767_225_600_000 + index, () => new Uint8Array(10));
const leafOf = (index: number): Uint8Array => canonicalBytes({ id: idOf(index), number: index });
const entry = (index: number): GivenEntry => ({ id: idOf(index), index, leaf: leafOf(index) });

/** A published log of so many entries, as files. */
function logOf(size: number, leaf: (index: number) => Uint8Array = leafOf): Map<string, Uint8Array> {
  const writer = new LogWriter(sha256);
  const written = Array.from({ length: size }, (_, index) => writer.add(leaf(index))).flat();
  const files = new Map([...written, ...writer.partials()].map(({ path, bytes }) => [path, bytes]));
  files.set("checkpoint", Buffer.from(signCheckpoint({ origin: key.name, size, root: writer.root() }, signer)));
  return files.set("vkey", Buffer.from(`${printVkey(key)}\n`));
}

const log = logOf(SIZE);
const readFrom =
  (files: ReadonlyMap<string, Uint8Array>): ReadFile =>
  (path) =>
    files.get(path) ?? null;

async function look(given: GivenEntry, view: Partial<LogView> = {}): Promise<Verdict> {
  return await verifyEntry(given, { read: readFrom(log), verify: verifyNode, seen: null, now: () => 0, ...view });
}
const bad = ({ state, checks }: Verdict): readonly string[] => [
  state,
  ...checks.filter((check) => check.state === "bad").map(({ name }) => name),
];
const seenAt = async (size: number): Promise<SeenCheckpoint | null> =>
  (await look(entry(0), { read: readFrom(logOf(size)) })).next;

describe("verifyEntry", () => {
  it("verifies each entry, and gives a proof that stands alone", async () => {
    for (const index of [0, 1, 255, 256, SIZE - 1]) {
      const verdict = await look(entry(index));
      expect(verdict).toMatchObject({ state: "verified", size: SIZE, next: { size: SIZE, vkey: printVkey(key) } });
      const proof = verdict.proof ?? "";
      const parsed = parseProofFile(proof);
      expect(parsed.ok && Buffer.from(parsed.proof.extra ?? [])).toEqual(Buffer.from(leafOf(index)));
      const options = { sha256, trust: { logKey: key, verify: verifyNode } };
      expect(await verifyProofFile(proof, leafOf(index), options)).toMatchObject({ ok: true, index });
    }
  });

  it("fails on any changed bit of the entry", async () => {
    const { leaf } = entry(7);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: leaf.length * 8 - 1 }), async (bit) => {
        const changed = Uint8Array.from(leaf);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect((await look({ ...entry(7), leaf: changed })).state).toBe("failed");
      }),
    );
  });

  it("fails on another entry than the one that was asked for, and on a wrong place", async () => {
    expect(bad(await look({ ...entry(7), leaf: leafOf(8) }))).toEqual(["failed", "entry"]);
    expect(bad(await look({ ...entry(7), index: 8 }))).toEqual(["failed", "inclusion"]);
  });

  it("fails on a checkpoint that the log did not sign, and on another key than before", async () => {
    const unsigned = new Map(log).set("checkpoint", Buffer.from("log.example\n300\n\n"));
    expect(bad(await look(entry(7), { read: readFrom(unsigned) }))).toEqual(["failed", "signature"]);
    const seen = { vkey: "another+12345678+key", size: 1, root: "", at: "" };
    expect(bad(await look(entry(7), { seen }))).toEqual(["failed", "signature"]);
  });

  it("fails on a changed and on a missing tile", async () => {
    const changed = new Map(log).set("tile/0/000", Buffer.from(log.get("tile/0/000") ?? []).fill(7));
    expect(bad(await look(entry(7), { read: readFrom(changed) }))).toEqual(["failed", "inclusion"]);
    const missing = new Map(log);
    missing.delete("tile/0/000");
    expect(bad(await look(entry(7), { read: readFrom(missing) }))).toEqual(["failed", "inclusion"]);
  });

  it("compares with what was seen: grown is good; rewritten and shorter are not", async () => {
    expect(bad(await look(entry(7), { seen: await seenAt(200) }))).toEqual(["verified"]);
    expect(bad(await look(entry(7), { seen: await seenAt(SIZE) }))).toEqual(["verified"]);
    expect(bad(await look(entry(7), { seen: await seenAt(SIZE + 1) }))).toEqual(["failed", "consistency"]);
    const rewritten = readFrom(logOf(SIZE, (index) => leafOf(index === 9 ? 1000 : index)));
    expect(bad(await look(entry(7), { seen: await seenAt(200), read: rewritten }))).toEqual(["failed", "consistency"]);
  });

  it("waits for a checkpoint that covers the entry", async () => {
    expect(await look(entry(SIZE))).toMatchObject({ state: "waiting", proof: null, next: null });
  });

  it("knows nothing, and says so, when it cannot read or the browser cannot verify", async () => {
    const down: ReadFile = () => Promise.reject(new Error("no network"));
    expect(await look(entry(7), { read: down })).toMatchObject({ state: "unable", proof: null, next: null });
    expect(await look(entry(7), { verify: null })).toMatchObject({ state: "unable", next: null });
  });
});

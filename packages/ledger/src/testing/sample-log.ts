// A small log in memory with fixed keys, for tests and test vectors. Its keys are public: never use them for anything else.
import { createHash, createPrivateKey, createPublicKey, hash, sign, verify } from "node:crypto";
import { canonicalBytes, type Id, type LedgerEntry, newId, type Prefix } from "@countersign/core";
import {
  type KeyType,
  LogWriter,
  type NoteSigner,
  type ReadFileSync,
  type Sha256,
  signCheckpoint,
  type TileFile,
  type Verify,
  verifierKey,
} from "../index.ts";

export const nodeSha256: Sha256 = (bytes) => hash("sha256", bytes, "buffer");

export const nodeVerify: Verify = (publicKey, bytes, signature) => {
  const x = Buffer.from(publicKey).toString("base64url");
  return verify(null, bytes, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }), signature);
};

/** A signer whose key is the SHA-256 of `seed`. */
export function seededSigner(name: string, type: KeyType, seed: string): NoteSigner {
  const secret = createHash("sha256").update(seed).digest();
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), secret]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  const key = verifierKey(nodeSha256, { name, type, publicKey: Buffer.from(x, "base64url") });
  return { key, sign: (bytes) => sign(null, bytes, privateKey) };
}

export const ORIGIN = "ledger.example/countersign";
export const logSigner: NoteSigner = seededSigner(ORIGIN, "ed25519", "countersign test log");
export const witnessSigner: NoteSigner = seededSigner("witness.example/w1", "cosignature", "countersign test witness");

function fixedId<P extends Prefix>(prefix: P, number: number): Id<P> {
  return newId(prefix, 1_767_225_600_000 + number, () => new Uint8Array(10).fill(number % 256));
}

const made = new Map<number, Uint8Array>();

/** Entry `index` of the sample: intents at even, their outcomes at odd places, all from one enforcement point. */
export function sampleEntry(index: number, change?: Partial<LedgerEntry>): Uint8Array {
  if (change !== undefined) return makeEntry(index, change);
  const entry = made.get(index) ?? makeEntry(index, {});
  made.set(index, entry);
  return entry;
}

function makeEntry(index: number, change: Partial<LedgerEntry>): Uint8Array {
  const pair = Math.floor(index / 2);
  const entry: LedgerEntry = {
    v: 1,
    id: fixedId("ent", index),
    time: new Date(1_767_225_600_000 + index).toISOString(),
    kind: index % 2 === 0 ? "action.intent" : "action.outcome",
    point: fixedId("ep", 0),
    pointSeq: index + 1,
    taskSeq: index + 1,
    chain: { human: fixedId("hum", 1), device: fixedId("dev", 2), agent: fixedId("agt", 3), task: fixedId("tsk", 4) },
    agentProof: "declared",
    action: "mcp:files/read_file",
    resource: `file:/srv/records/${String(pair)}.json`,
    effect: "read",
    argsCommitment: null,
    argsShown: null,
    decision: null,
    posture: null,
    risk: null,
    intent: fixedId("int", pair),
    ...(index % 2 === 0 ? {} : { outcome: { status: "ok", resultCommitment: null, bytes: 12 } }),
    ...change,
  };
  return canonicalBytes(entry);
}

export interface MemoryLog {
  readonly files: Map<string, Uint8Array>;
  readonly read: ReadFileSync;
  readonly writer: LogWriter;
  add(entry: Uint8Array): void;
  /** Writes partial tiles and a signed checkpoint of the present size; returns the checkpoint. */
  publish(): string;
}

/** An empty log whose files are in a map. */
export function memoryLog(): MemoryLog {
  const files = new Map<string, Uint8Array>();
  const writer = new LogWriter(nodeSha256);
  const keep = (written: readonly TileFile[]): void => {
    for (const { path, bytes } of written) files.set(path, bytes);
  };
  return {
    files,
    writer,
    read: (path) => files.get(path) ?? null,
    add: (entry) => {
      keep(writer.add(entry));
    },
    publish: () => {
      keep(writer.partials());
      const note = signCheckpoint({ origin: ORIGIN, size: writer.size, root: writer.root() }, logSigner);
      files.set("checkpoint", Buffer.from(note));
      return note;
    },
  };
}

/** A published log of `size` sample entries. */
export function sampleLog(size: number, entryAt: (index: number) => Uint8Array = sampleEntry): MemoryLog {
  const log = memoryLog();
  for (let index = 0; index < size; index += 1) log.add(entryAt(index));
  log.publish();
  return log;
}

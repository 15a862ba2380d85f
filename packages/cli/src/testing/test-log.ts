import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { canonicalBytes } from "@countersign/core";
import {
  LogWriter,
  type NoteSigner,
  printVkey,
  type Sha256,
  signCheckpoint,
  type TileFile,
  verifierKey,
} from "@countersign/ledger";

const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** A log in memory: its files by path, and the key as `vkey`. */
export interface TestLog {
  readonly files: Map<string, Uint8Array>;
  readonly entries: readonly object[];
}

/** Makes a published log of `size` entries of one enforcement point. */
export function testLog(size: number): TestLog {
  const files = new Map<string, Uint8Array>();
  const keep = (written: readonly TileFile[]): void => {
    for (const { path, bytes } of written) files.set(path, bytes);
  };
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const key = verifierKey(sha256, { name: "localhost/ledger", type: "ed25519", publicKey: raw });
  const signer: NoteSigner = { key, sign: (bytes) => sign(null, bytes, privateKey) };
  const writer = new LogWriter(sha256);
  const entries = Array.from({ length: size }, (_, index) => ({
    v: 1,
    id: `ent_${String(index)}`,
    kind: "admin",
    point: "ep_1",
    pointSeq: index + 1,
  }));
  for (const entry of entries) keep(writer.add(canonicalBytes(entry)));
  keep(writer.partials());
  files.set("checkpoint", Buffer.from(signCheckpoint({ origin: key.name, size, root: writer.root() }, signer)));
  files.set("vkey", Buffer.from(`${printVkey(key)}\n`));
  return { files, entries };
}

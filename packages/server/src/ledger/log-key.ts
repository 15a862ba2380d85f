import { createPublicKey, hash, sign, verify } from "node:crypto";
import { AppError } from "@countersign/core";
import type { SigningKey } from "@countersign/credentials";
import { type NoteSigner, parseCheckpoint, parseNote, type Sign, verifierKey } from "@countersign/ledger";

/**
 * SHA-256 by the platform, for `@countersign/ledger`. By way of a text: the platform gives bytes in memory of their own, and every
 * entry is hashed several times over.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  return Buffer.from(hash("sha256", bytes, "binary"), "latin1");
}

/** Verifies an Ed25519 signature under a public key of 32 bytes. */
export function verifyEd25519(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") };
  return verify(null, bytes, createPublicKey({ key: jwk, format: "jwk" }), signature);
}

/** The Ed25519 key of a log, without its name. */
export interface LogKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly sign: Sign;
}

export function logKey(key: SigningKey): LogKey {
  return { publicKey: Buffer.from(key.jwk.x, "base64url"), sign: (bytes) => sign(null, bytes, key.privateKey) };
}

/** `http://localhost:7330` gives `localhost:7330/ledger`. c2sp.org/tlog-checkpoint: a URL without scheme. */
export function originOf(publicUrl: string): string {
  return `${publicUrl.replace(/^[a-z]+:\/\//, "").replace(/\/+$/, "")}/ledger`;
}

/** The log keeps the name under which it first signed: with another it would be another log. */
export function logSigner(key: LogKey, publicUrl: string, lastNote: string | null): NoteSigner {
  const name = lastNote === null ? originOf(publicUrl) : noteOrigin(lastNote);
  return { key: verifierKey(sha256, { name, type: "ed25519", publicKey: key.publicKey }), sign: key.sign };
}

function noteOrigin(text: string): string {
  const note = parseNote(text);
  const parsed = note.ok ? parseCheckpoint(note.note.text) : note;
  if (!parsed.ok)
    throw new AppError("ledger.damaged", {
      detail: "the stored checkpoint cannot be read; restore the data directory from a copy",
    });
  return parsed.checkpoint.origin;
}

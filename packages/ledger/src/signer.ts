import type { VerifierKey } from "./vkey.ts";

/** Signs with Ed25519 (RFC 8032): 64 bytes. */
export type Sign = (bytes: Uint8Array) => Uint8Array;
/** Verifies an Ed25519 signature under a public key of 32 bytes. What it throws counts as a refusal. */
export type Verify = (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>;

/** A key together with the way to sign with it. */
export interface NoteSigner {
  readonly key: VerifierKey;
  readonly sign: Sign;
}

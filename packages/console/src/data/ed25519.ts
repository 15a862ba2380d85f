import type { Verify } from "@countersign/ledger";

/** The base point: a public key that every implementation takes. */
const SOME_KEY = new Uint8Array(32).fill(0x66);
SOME_KEY[0] = 0x58;

/** Ed25519 (RFC 8032) of the platform. */
export const verifyEd25519: Verify = async (publicKey, bytes, signature) => {
  const key = await imported(publicKey);
  return await crypto.subtle.verify("Ed25519", key, copied(signature), copied(bytes));
};

/** Whether this browser can verify Ed25519 at all. */
export async function knowsEd25519(): Promise<boolean> {
  try {
    await imported(SOME_KEY);
    return true;
  } catch {
    return false;
  }
}

async function imported(publicKey: Uint8Array): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", copied(publicKey), "Ed25519", false, ["verify"]);
}

const copied = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

import { createHash, createPublicKey, verify } from "node:crypto";
import type { Sha256, Verify } from "@countersign/ledger";

/** SHA-256 of the platform. */
export const nativeSha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** Ed25519 (RFC 8032) under a raw public key of 32 bytes. A key that is none does not verify anything. */
export const verifyEd25519: Verify = (publicKey, bytes, signature) => {
  try {
    const x = Buffer.from(publicKey).toString("base64url");
    return verify(null, bytes, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }), signature);
  } catch {
    return false;
  }
};

import { sign, verify } from "node:crypto";
import { decodeBase64url } from "./base64url.ts";
import { type SigningKey, type VerificationKey, importPublicKey } from "./keys.ts";

const SIGNATURE_BYTES = 64;

/** Signs bytes as JWS does: Ed25519 (RFC 8032), or ECDSA over P-256 with SHA-256 as r ‖ s (RFC 7518 section 3.4). 64 bytes. */
export function signBytes(key: SigningKey, bytes: Uint8Array): Buffer {
  return key.algorithm === "EdDSA"
    ? sign(null, bytes, key.privateKey)
    : sign("sha256", bytes, { key: key.privateKey, dsaEncoding: "ieee-p1363" });
}

/** True when {@link signBytes} made the signature with the private part of this key. Never throws. */
export function bytesFit(key: VerificationKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return key.algorithm === "EdDSA"
    ? verify(null, bytes, key.key, signature)
    : verify("sha256", bytes, { key: key.key, dsaEncoding: "ieee-p1363" }, signature);
}

/** True when the signature (base64url) over these bytes is of this public JWK. Never throws, whatever it is given. */
export function isSignedBy(jwk: unknown, bytes: Uint8Array, signature: string): boolean {
  const imported = importPublicKey(jwk);
  const decoded = decodeBase64url(signature, SIGNATURE_BYTES);
  return imported.ok && decoded !== null && bytesFit(imported.key, bytes, decoded);
}

import type { JsonObject } from "@countersign/core";
import type { CompactToken } from "./canonical-token.ts";
import { bytesFit, signBytes } from "./detached-signature.ts";
import type { SigningKey, VerificationKey } from "./keys.ts";

/** Signs header and payload as a compact JWS (RFC 7515 section 7.1). `alg` follows the key and comes first. */
export function signCompact(header: JsonObject, payload: JsonObject, key: SigningKey): string {
  const head = part({ alg: key.algorithm, ...header });
  const signedText = `${head}.${part(payload)}`;
  const signature = signBytes(key, Buffer.from(signedText, "latin1"));
  return `${signedText}.${signature.toString("base64url")}`;
}

/**
 * True when the signature of the token fits the key. The algorithm is pinned by the key; the header must name the same
 * (`Ed25519`, RFC 9864, means the same as `EdDSA` with an Ed25519 key). Never throws.
 */
export function signatureFits(token: CompactToken, key: VerificationKey): boolean {
  const { alg } = token.header;
  const named = key.algorithm === "EdDSA" ? alg === "EdDSA" || alg === "Ed25519" : alg === "ES256";
  return named && bytesFit(key, token.signedBytes, token.signature);
}

function part(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

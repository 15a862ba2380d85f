import { createPublicKey, verify } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { decodeBase64url } from "./base64url.ts";
import { readCbor } from "./cbor.ts";
import type { Cbor } from "./cbor.ts";
import { isSmallOrder } from "./keys.ts";

/** COSE algorithms of passkeys (RFC 9053, RFC 8812): Ed25519, ES256 and, for verification only, RS256. */
export type CoseAlgorithm = -8 | -7 | -257;
export interface CoseKey {
  readonly algorithm: CoseAlgorithm;
  readonly key: KeyObject;
}

/**
 * Reads the COSE key of a passkey (RFC 9052 section 7) from base64url: exactly one CBOR map, nothing after it. Null for any
 * other algorithm or curve, a point off its curve or of small order, and RSA keys below 2048 or above 8192 bits. Never throws.
 */
export function readCoseKey(text: string): CoseKey | null {
  const bytes = decodeBase64url(text, 2048);
  if (bytes === null) return null;
  const read = readCbor(bytes);
  if (!read.ok || read.end !== bytes.length || !(read.value instanceof Map)) return null;
  const found = jwkOf(read.value as ReadonlyMap<number | string, Cbor>);
  if (found === null) return null;
  try {
    return { algorithm: found.algorithm, key: createPublicKey({ key: found.jwk, format: "jwk" }) };
  } catch {
    return null;
  }
}

/** True when `signature` over `data` fits, in the encoding of WebAuthn Level 3 section 6.5.5. Never throws. */
export function coseSignatureFits({ algorithm, key }: CoseKey, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(algorithm === -8 ? null : "sha256", data, key, signature);
  } catch {
    return false;
  }
}

function jwkOf(map: ReadonlyMap<number | string, Cbor>): { algorithm: CoseAlgorithm; jwk: JsonWebKey } | null {
  const algorithm = map.get(3);
  const [kty, curve, x, y] = [map.get(1), map.get(-1), map.get(-2), map.get(-3)];
  if (algorithm === -8 && kty === 1 && curve === 6 && isBytes(x, 32) && !isSmallOrder(x)) {
    return { algorithm, jwk: { kty: "OKP", crv: "Ed25519", x: base64url(x) } };
  }
  if (algorithm === -7 && kty === 2 && curve === 1 && isBytes(x, 32) && isBytes(y, 32)) {
    return { algorithm, jwk: { kty: "EC", crv: "P-256", x: base64url(x), y: base64url(y) } };
  }
  // RFC 8230 section 4: -1 is the modulus, -2 the exponent.
  if (algorithm === -257 && kty === 3 && curve instanceof Uint8Array && isBytes(x, 3) && base64url(x) === "AQAB") {
    if (curve.length < 256 || curve.length > 1024 || (curve[0] ?? 0) < 128) return null;
    return { algorithm, jwk: { kty: "RSA", n: base64url(curve), e: "AQAB" } };
  }
  return null;
}

function isBytes(value: Cbor | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

import { createPublicKey, verify } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { readCbor } from "./cbor.ts";
import type { Cbor } from "./cbor.ts";
import { isSmallOrder } from "./keys.ts";

/** COSE algorithms of passkeys (RFC 9053, RFC 8812): Ed25519, ES256 and, for verification only, RS256. */
type CoseAlgorithm = -8 | -7 | -257;
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
  const found = jwkOf(read.value as CoseMap);
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

type CoseMap = ReadonlyMap<number | string, Cbor>;
type FoundKey = { readonly algorithm: CoseAlgorithm; readonly jwk: JsonWebKey };

function jwkOf(map: CoseMap): FoundKey | null {
  const algorithm = map.get(3);
  if (algorithm === -8) return okpKey(map);
  if (algorithm === -7) return ecKey(map);
  return algorithm === -257 ? rsaKey(map) : null;
}

// RFC 9053 section 7.2: kty 1, curve 6 is Ed25519.
function okpKey(map: CoseMap): FoundKey | null {
  const x = map.get(-2);
  if (map.get(1) !== 1 || map.get(-1) !== 6 || !isBytes(x, 32) || isSmallOrder(x)) return null;
  return { algorithm: -8, jwk: { kty: "OKP", crv: "Ed25519", x: encodeBase64url(x) } };
}

// RFC 9053 section 7.1: kty 2, curve 1 is P-256; the point is not compressed.
function ecKey(map: CoseMap): FoundKey | null {
  const [x, y] = [map.get(-2), map.get(-3)];
  if (map.get(1) !== 2 || map.get(-1) !== 1 || !isBytes(x, 32) || !isBytes(y, 32)) return null;
  return { algorithm: -7, jwk: { kty: "EC", crv: "P-256", x: encodeBase64url(x), y: encodeBase64url(y) } };
}

// RFC 8230 section 4: kty 3, -1 is the modulus, -2 the exponent.
function rsaKey(map: CoseMap): FoundKey | null {
  const [n, e] = [map.get(-1), map.get(-2)];
  if (map.get(1) !== 3 || !(n instanceof Uint8Array) || !isBytes(e, 3) || encodeBase64url(e) !== "AQAB") return null;
  if (n.length < 256 || n.length > 1024 || (n[0] ?? 0) < 128) return null;
  return { algorithm: -257, jwk: { kty: "RSA", n: encodeBase64url(n), e: "AQAB" } };
}

function isBytes(value: Cbor | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

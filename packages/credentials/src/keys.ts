import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { AppError } from "@countersign/core";
import type { PublicJwk } from "@countersign/core";
import { decodeBase64url } from "./base64url.ts";
import { thumbprint } from "./thumbprint.ts";

/** JWS algorithm of a key: Ed25519 (RFC 8037) or ECDSA on P-256 (RFC 7518). */
export type KeyAlgorithm = "EdDSA" | "ES256";
/** A public key that was checked and imported. `jkt` is its RFC 7638 thumbprint and also its key id. */
export interface VerificationKey {
  readonly algorithm: KeyAlgorithm;
  readonly jwk: PublicJwk;
  readonly jkt: string;
  readonly key: KeyObject;
}
export interface SigningKey extends VerificationKey {
  readonly privateKey: KeyObject;
}
export type ImportedKey =
  | { readonly ok: true; readonly key: VerificationKey }
  | { readonly ok: false; readonly code: "credential.wrong_key" };

/** y coordinates (hex, little endian) of the points of small order, also in their non-canonical spellings. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
]);
const PRIVATE_MEMBERS = ["d", "k", "p", "q", "dp", "dq", "qi", "oth"];
const REFUSED: ImportedKey = { ok: false, code: "credential.wrong_key" };

/** Makes a key pair with the operating system's randomness. */
export function generateSigningKey(curve: PublicJwk["crv"] = "Ed25519"): SigningKey {
  const { privateKey } =
    curve === "Ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return signingKeyOf(privateKey);
}

/**
 * Reads a public JWK from outside: Ed25519 or P-256, coordinates of 32 bytes in canonical base64url, without any private
 * member. Other members (`kid`, `alg`, `use`) are dropped. Null when it is anything else.
 */
export function parsePublicJwk(value: unknown): PublicJwk | null {
  if (typeof value !== "object" || value === null) return null;
  const { kty, crv, x, y } = value as Record<string, unknown>;
  if (PRIVATE_MEMBERS.some((member) => member in value) || !isCoordinate(x)) return null;
  if (kty === "OKP" && crv === "Ed25519" && y === undefined) return { kty, crv, x };
  if (kty === "EC" && crv === "P-256" && isCoordinate(y)) return { kty, crv, x, y };
  return null;
}

function isCoordinate(value: unknown): value is string {
  return typeof value === "string" && decodeBase64url(value, 32)?.length === 32;
}

/** Imports a public JWK. Refused: another form, a point off the curve, a point of small order. Never throws. */
export function importPublicKey(value: unknown): ImportedKey {
  const jwk = parsePublicJwk(value);
  if (jwk === null || (jwk.crv === "Ed25519" && isSmallOrder(Buffer.from(jwk.x, "base64url")))) return REFUSED;
  try {
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    return { ok: true, key: { algorithm: algorithmOf(jwk), jwk, jkt: thumbprint(jwk), key } };
  } catch {
    return REFUSED;
  }
}

/** Under a key of small order one signature fits many messages, and not every OpenSSL refuses it. */
export function isSmallOrder(point: Uint8Array): boolean {
  const y = Buffer.from(point);
  y.writeUInt8(y.readUInt8(31) & 0x7f, 31);
  return SMALL_ORDER.has(y.toString("hex"));
}

/**
 * Imports a private JWK that this program wrote before.
 * @throws AppError `data.damaged` when it is not an Ed25519 or P-256 key pair, or its public part belongs to another key.
 */
export function importSigningKey(value: unknown): SigningKey {
  try {
    const given = value as JsonWebKey;
    const key = signingKeyOf(createPrivateKey({ key: given, format: "jwk" }));
    // OpenSSL takes the public part of a P-256 key on trust and that of an Ed25519 key not at all.
    if (key.jwk.x === given.x && key.jwk.y === given.y && isPair(key)) return key;
  } catch {
    // The cause may quote the key, so it is dropped (INV-9).
  }
  throw new AppError("data.damaged", { detail: "the stored key is not a key pair that can be used, make a new one" });
}

/** The private JWK (RFC 7517) of a key, to be stored. A secret. */
export function exportPrivateJwk(key: SigningKey): JsonWebKey {
  return key.privateKey.export({ format: "jwk" });
}

function isPair({ algorithm, key, privateKey }: SigningKey): boolean {
  const digest = algorithm === "EdDSA" ? null : "sha256";
  const probe = Buffer.from("countersign key pair");
  return verify(digest, probe, key, sign(digest, probe, privateKey));
}

function signingKeyOf(privateKey: KeyObject): SigningKey {
  const imported = importPublicKey(createPublicKey(privateKey).export({ format: "jwk" }));
  if (!imported.ok) throw new AppError("internal.error", { detail: "a key of this kind is not supported" });
  return { ...imported.key, privateKey };
}

function algorithmOf(jwk: PublicJwk): KeyAlgorithm {
  return jwk.crv === "Ed25519" ? "EdDSA" : "ES256";
}

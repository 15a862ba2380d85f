import type { JsonObject, PublicJwk, Random, RefusalCode } from "@countersign/core";
import { BoundedCache } from "./bounded-cache.ts";
import { parseCompact } from "./canonical-token.ts";
import { signCompact, signatureFits } from "./compact-signature.ts";
import { sha256 } from "./digest.ts";
import { importPublicKey, parsePublicJwk } from "./keys.ts";
import type { SigningKey, VerificationKey } from "./keys.ts";
import type { NonceSource } from "./nonce-source.ts";
import { sameUrl } from "./proof-url.ts";
import { PROOF_AGE_SECONDS, PROOF_AHEAD_SECONDS } from "./replay-memory.ts";
import type { ReplayMemory } from "./replay-memory.ts";
import { thumbprint } from "./thumbprint.ts";

const PROOF_TYPE = "dpop+jwt";

export interface ProofInput {
  readonly key: SigningKey;
  readonly method: string;
  /** The address of the request; query and fragment are left out of the proof. */
  readonly url: string;
  /** What stands after `Authorization: DPoP`; null when there is none. */
  readonly accessToken: string | null;
  /** The last `DPoP-Nonce` that this point sent; null when none is known yet. */
  readonly nonce: string | null;
  /** Unix milliseconds. */
  readonly now: number;
  readonly random: Random;
}

/** Makes the proof for one request (RFC 9449 section 4.2): the value of its `DPoP` header. */
export function makeProof({ key, method, url, accessToken, nonce, now, random }: ProofInput): string {
  const payload = {
    jti: Buffer.from(random(16)).toString("base64url"),
    htm: method,
    htu: url.replace(/[?#].*$/s, ""),
    iat: Math.floor(now / 1000),
    ...(accessToken === null ? {} : { ath: accessTokenHash(accessToken) }),
    ...(nonce === null ? {} : { nonce }),
  };
  return signCompact({ typ: PROOF_TYPE, jwk: { ...key.jwk } }, payload, key);
}

/** `ath` of RFC 9449: base64url SHA-256 of the token's text. */
export function accessTokenHash(token: string): string {
  return sha256(token);
}

export interface ProofExpectation {
  /** The `DPoP` header; undefined when there is none. */
  readonly proof: string | undefined;
  readonly method: string;
  /** The address as the public configuration says, never as the request's headers say. */
  readonly url: string;
  /** Null only where a proof comes without a token, to get one. */
  readonly accessTokenHash: string | null;
  /** The thumbprint that the token is bound to; null where any key may come, to be bound. */
  readonly expectedJkt: string | null;
  readonly nonces: Pick<NonceSource, "accepts">;
  readonly replay: Pick<ReplayMemory, "remember">;
  /** Unix milliseconds. */
  readonly now: number;
}
/** `useNonce`: answer with `DPoP-Nonce` and the error `use_dpop_nonce`; the caller tries again with it. */
export interface ProofRefusal {
  readonly ok: false;
  readonly code: RefusalCode;
  readonly useNonce?: true;
}
export type VerifiedProof = { readonly ok: true; readonly jkt: string; readonly jwk: PublicJwk } | ProofRefusal;

/**
 * Verifies the proof of one request by the twelve checks of RFC 9449 section 4.3, and remembers it so that it passes once.
 * Cheap refusals of foreign keys come before the signature; no claim counts before it. Never throws; codes are `credential.*`.
 */
export function verifyProof(expected: ProofExpectation): VerifiedProof {
  if (expected.proof === undefined || expected.proof === "") return refused("credential.missing");
  const parsed = parseCompact(expected.proof);
  if (!parsed.ok) return parsed;
  const { header, payload } = parsed.token;
  const jwk = parsePublicJwk(header["jwk"]);
  if (header["typ"] !== PROOF_TYPE) return refused("credential.not_canonical");
  if (jwk === null) return refused("credential.wrong_key");
  const jkt = thumbprint(jwk);
  if (expected.expectedJkt !== null && jkt !== expected.expectedJkt) return refused("credential.not_bound");
  const key = keyOf(jwk, jkt, expected.expectedJkt !== null);
  if (key === null || !signatureFits(parsed.token, key)) return refused("credential.wrong_key");
  return claimsRefusal(payload, jkt, expected) ?? { ok: true, jkt, jwk };
}

function claimsRefusal(payload: JsonObject, jkt: string, expected: ProofExpectation): ProofRefusal | null {
  const { jti, iat, nonce } = payload;
  const { now } = expected;
  if (typeof jti !== "string" || jti === "" || jti.length > 128 || !isInteger(iat)) {
    return refused("credential.not_canonical");
  }
  const mismatch = requestRefusal(payload, expected);
  if (mismatch !== null) return mismatch;
  const ageSeconds = now / 1000 - iat;
  if (ageSeconds >= PROOF_AGE_SECONDS || ageSeconds < -PROOF_AHEAD_SECONDS) return refused("credential.expired");
  if (typeof nonce !== "string" || !expected.nonces.accepts(nonce, now)) {
    return { ok: false, code: "credential.expired", useNonce: true };
  }
  return expected.replay.remember({ jkt, jti, iat, now }) ? null : refused("credential.replayed");
}

function requestRefusal({ htm, htu, ath }: JsonObject, expected: ProofExpectation): ProofRefusal | null {
  if (htm !== expected.method) return refused("credential.wrong_method");
  if (typeof htu !== "string" || !sameUrl(htu, expected.url)) return refused("credential.wrong_url");
  if (expected.accessTokenHash === null) return null;
  return ath === expected.accessTokenHash ? null : refused("credential.not_bound");
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

// Importing a key costs a third of verifying with it. Only keys that a credential is bound to are kept: strangers evict nothing.
const imported = new BoundedCache<VerificationKey>(4096);

function keyOf(jwk: PublicJwk, jkt: string, keep: boolean): VerificationKey | null {
  const known = imported.get(jkt);
  if (known !== undefined) return known;
  const fresh = importPublicKey(jwk);
  if (!fresh.ok) return null;
  if (keep) imported.set(jkt, fresh.key);
  return fresh.key;
}

function refused(code: RefusalCode): ProofRefusal {
  return { ok: false, code };
}

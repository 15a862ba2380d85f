import { hash, timingSafeEqual } from "node:crypto";
import { isJsonObject, parseJson } from "@countersign/core";
import type { AssertionJson } from "@countersign/core";
import { readAuthenticatorData } from "./authenticator-data.ts";
import type { AuthenticatorData } from "./authenticator-data.ts";
import { decodeBase64url } from "./base64url.ts";
import { coseSignatureFits, readCoseKey } from "./cose-key.ts";

/** Why an assertion was refused; for tests and logs, the caller of the API is told only `webauthn.refused`. */
export type AssertionFault =
  | "malformed"
  | "type"
  | "challenge"
  | "origin"
  | "cross_origin"
  | "rp_id"
  | "user_present"
  | "user_verified"
  | "public_key"
  | "signature"
  | "counter";
export interface AssertionExpectation {
  readonly assertion: AssertionJson;
  /** base64url, as the options carried it. */
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
  /** COSE key of the passkey that `assertion.id` names, base64url. */
  readonly publicKey: string;
  /** Last signature counter seen; null when the assertion is an old one that is verified again. */
  readonly counter: number | null;
}
export type VerifiedAssertion =
  | { readonly ok: true; readonly counter: number; readonly backedUp: boolean }
  | { readonly ok: false; readonly code: "webauthn.refused"; readonly fault: AssertionFault };

const CLIENT_DATA_LIMITS = { sizeBytes: 8192, depth: 4 };

/**
 * Verifies an assertion (WebAuthn Level 3 section 7.2) with user verification required, and stricter than it: no cross-origin
 * use at all, no top origin, strict JSON and CBOR. The caller finds the passkey by `assertion.id`. Never throws.
 */
export function verifyAssertion(expected: AssertionExpectation): VerifiedAssertion {
  const { assertion } = expected;
  if (!isAssertion(assertion)) return refused("malformed");
  const clientData = decodeBase64url(assertion.response.clientDataJSON, CLIENT_DATA_LIMITS.sizeBytes);
  const authenticatorBytes = decodeBase64url(assertion.response.authenticatorData, 4096);
  const signature = decodeBase64url(assertion.response.signature, 1024);
  if (clientData === null || authenticatorBytes === null || signature === null) return refused("malformed");
  const fault = clientDataFault(clientData, expected);
  if (fault !== null) return refused(fault);
  const data = readAuthenticatorData(authenticatorBytes);
  if (data === null) return refused("malformed");
  const dataFault = authenticatorFault(data, expected.rpId);
  if (dataFault !== null) return refused(dataFault);
  const key = readCoseKey(expected.publicKey);
  if (key === null) return refused("public_key");
  const signedBytes = Buffer.concat([authenticatorBytes, hash("sha256", clientData, "buffer")]);
  if (!coseSignatureFits(key, signedBytes, signature)) return refused("signature");
  if (counterWentBack(expected.counter, data.counter)) return refused("counter");
  return { ok: true, counter: data.counter, backedUp: data.backedUp };
}

function clientDataFault(bytes: Buffer, expected: AssertionExpectation): AssertionFault | null {
  const parsed = parseJson(bytes, CLIENT_DATA_LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return "malformed";
  const { type, challenge, origin, crossOrigin, topOrigin } = parsed.value;
  if (type !== "webauthn.get") return "type";
  if (challenge !== expected.challenge) return "challenge";
  if (origin !== expected.origin) return "origin";
  // INV-5: in a frame of another site the approver may not have seen what they sign.
  if ((crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined) return "cross_origin";
  return null;
}

function authenticatorFault(data: AuthenticatorData, rpId: string): AssertionFault | null {
  if (!timingSafeEqual(data.rpIdHash, hash("sha256", rpId, "buffer"))) return "rp_id";
  if (!data.userPresent) return "user_present";
  return data.userVerified ? null : "user_verified";
}

// WebAuthn Level 3 section 6.1.1: authenticators without a counter always say 0.
function counterWentBack(last: number | null, counter: number): boolean {
  return last !== null && (last !== 0 || counter !== 0) && counter <= last;
}

// The value may come from a database that somebody else wrote, so its type is a promise only.
function isAssertion(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { id, rawId, type, response } = value;
  if (!isRecord(response)) return false;
  if (typeof id !== "string" || id === "" || id !== rawId || type !== "public-key") return false;
  const { clientDataJSON, authenticatorData, signature } = response;
  const texts = [clientDataJSON, authenticatorData, signature].every((text) => typeof text === "string");
  return texts && decodeBase64url(id, 1023) !== null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function refused(fault: AssertionFault): VerifiedAssertion {
  return { ok: false, code: "webauthn.refused", fault };
}

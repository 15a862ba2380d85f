import { isJsonObject, parseJson } from "@countersign/core";
import type { Kinds } from "@countersign/core";
import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { readCoseKey } from "./cose-key.ts";

/** Algorithms of a passkey, best first: Ed25519, ES256, and RS256 for platform authenticators that have nothing else. */
const ALGORITHMS = [-8, -7, -257];

export interface RegistrationOptionsInput {
  /** base64url, at least 16 unpredictable bytes, kept by the server. */
  readonly challenge: string;
  readonly rpId: string;
  readonly rpName: string;
  /** The human's id as bytes in base64url, at most 64 bytes; no personal data. */
  readonly userId: string;
  readonly userName: string;
  /** Credential ids that this human has already. */
  readonly exclude: readonly string[];
}
/** PublicKeyCredentialCreationOptionsJSON of WebAuthn Level 3. */
export interface RegistrationOptionsJson {
  readonly challenge: string;
  readonly rp: { readonly id: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly pubKeyCredParams: readonly { readonly type: "public-key"; readonly alg: number }[];
  readonly timeout: number;
  readonly attestation: "none";
  readonly excludeCredentials: readonly { readonly type: "public-key"; readonly id: string }[];
  readonly authenticatorSelection: {
    readonly residentKey: "required";
    readonly requireResidentKey: true;
    readonly userVerification: "required";
  };
}

/** Options for a new discoverable passkey with user verification; five minutes. */
export function registrationOptions(input: RegistrationOptionsInput): RegistrationOptionsJson {
  return {
    challenge: input.challenge,
    rp: { id: input.rpId, name: input.rpName },
    user: { id: input.userId, name: input.userName, displayName: input.userName },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
    timeout: 300_000,
    attestation: "none",
    excludeCredentials: input.exclude.map((id) => ({ type: "public-key", id })),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
  };
}

export interface RegistrationExpectation {
  /** The body from the browser: RegistrationResponseJSON of WebAuthn Level 3. */
  readonly response: unknown;
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
}
/** Of a passkey's terms, all but the human; and the counter of its state. */
export type RegisteredPasskey = Omit<Kinds["passkey"]["terms"], "human"> & {
  readonly credentialId: string;
  readonly counter: number;
};
export type VerifiedRegistration =
  | { readonly ok: true; readonly passkey: RegisteredPasskey }
  | { readonly ok: false; readonly code: "webauthn.refused"; readonly fault: "malformed" | "cross_origin" | "refused" };

/**
 * Verifies a new passkey (WebAuthn Level 3 section 7.1) with user verification required and no cross-origin use. An attestation
 * that is sent must be right, but none is asked for. Never rejects: any doubt is `webauthn.refused`.
 */
export async function verifyRegistration(expected: RegistrationExpectation): Promise<VerifiedRegistration> {
  const clientData = readClientData(expected.response);
  if (clientData === null) return refused("malformed");
  if (clientData.crossOrigin || clientData.topOrigin) return refused("cross_origin");
  try {
    // Loaded here, not at the top: an enforcement point verifies signatures and must not load this library's 28 packages.
    const { verifyRegistrationResponse } = await import("@simplewebauthn/server");
    const response = expected.response as RegistrationResponseJSON;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: expected.challenge,
      expectedOrigin: expected.origin,
      expectedRPID: expected.rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || !registrationInfo.userVerified) return refused("refused");
    const { credential, aaguid, credentialBackedUp } = registrationInfo;
    const publicKey = encodeBase64url(credential.publicKey);
    if (readCoseKey(publicKey) === null || credential.id !== response.id) return refused("refused");
    const transports = (credential.transports ?? [])
      .filter((name) => typeof name === "string" && name.length <= 32)
      .slice(0, 8);
    const { id: credentialId, counter } = credential;
    return {
      ok: true,
      passkey: { credentialId, publicKey, counter, aaguid, backedUp: credentialBackedUp, transports },
    };
  } catch {
    return refused("refused");
  }
}

function readClientData(response: unknown): { crossOrigin: boolean; topOrigin: boolean } | null {
  const inner = (
    response as { response?: { clientDataJSON?: unknown; attestationObject?: unknown } } | null | undefined
  )?.response;
  if (typeof inner?.clientDataJSON !== "string" || typeof inner.attestationObject !== "string") return null;
  const bytes = decodeBase64url(inner.clientDataJSON, 8192);
  if (bytes === null || decodeBase64url(inner.attestationObject, 65_536) === null) return null;
  const parsed = parseJson(bytes, { sizeBytes: 8192, depth: 4 });
  if (!parsed.ok || !isJsonObject(parsed.value)) return null;
  const { crossOrigin, topOrigin } = parsed.value;
  return { crossOrigin: crossOrigin !== undefined && crossOrigin !== false, topOrigin: topOrigin !== undefined };
}

function refused(fault: "malformed" | "cross_origin" | "refused"): VerifiedRegistration {
  return { ok: false, code: "webauthn.refused", fault };
}

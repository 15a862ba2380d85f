import type { DeviceId, JsonObject, PublicJwk, RefusalCode } from "@countersign/core";
import { parseCompact } from "./canonical-token.ts";
import { signCompact, signatureFits } from "./compact-signature.ts";
import { importPublicKey } from "./keys.ts";
import type { SigningKey } from "./keys.ts";
import { readPostureReport } from "./posture.ts";
import type { Posture, PostureReport } from "./posture.ts";

const EVIDENCE_TYPE = "countersign-posture+jwt";
const CLOCK_SKEW_SECONDS = 30;
/** A report older than this is stale (design 6). */
export const EVIDENCE_AGE_SECONDS = 300;

export interface EvidenceInput {
  readonly device: DeviceId;
  readonly posture: Posture;
  /** The challenge that is answered; null when the device reports by itself. */
  readonly nonce: string | null;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Signs what a device says about itself with the device key: evidence in the sense of RFC 9334, as a compact JWS. */
export function signEvidence(key: SigningKey, { device, posture, nonce, now }: EvidenceInput): string {
  const { os, facts } = posture;
  const payload = { device, nonce, iat: Math.floor(now / 1000), os: { ...os }, facts: facts as unknown as JsonObject };
  return signCompact({ typ: EVIDENCE_TYPE, kid: key.jkt }, payload, key);
}

export interface EvidenceExpectation {
  readonly device: DeviceId;
  /** The key of the enrolment. */
  readonly jwk: PublicJwk;
  /** The challenge that must be answered; null when any report counts. */
  readonly nonce: string | null;
  /** Unix milliseconds. */
  readonly now: number;
  readonly maxAgeSeconds?: number;
}
export type VerifiedEvidence =
  | { readonly ok: true; readonly report: PostureReport }
  | { readonly ok: false; readonly code: RefusalCode };

/**
 * Verifies evidence: signature of the enrolled key, the device it names, the challenge, its age. Never throws.
 * `device.stale` when it is too old or from the future, `credential.replayed` for another challenge.
 */
export function verifyEvidence(evidence: string, expected: EvidenceExpectation): VerifiedEvidence {
  const parsed = parseCompact(evidence);
  if (!parsed.ok) return parsed;
  if (parsed.token.header["typ"] !== EVIDENCE_TYPE) return { ok: false, code: "credential.not_canonical" };
  const imported = importPublicKey(expected.jwk);
  if (!imported.ok || !signatureFits(parsed.token, imported.key)) return { ok: false, code: "credential.wrong_key" };
  const report = readPostureReport(parsed.token.payload);
  if (report === null) return { ok: false, code: "credential.not_canonical" };
  if (report.device !== expected.device) return { ok: false, code: "credential.not_bound" };
  if (expected.nonce !== null && report.nonce !== expected.nonce) return { ok: false, code: "credential.replayed" };
  const ageSeconds = expected.now / 1000 - report.iat;
  const fresh = ageSeconds <= (expected.maxAgeSeconds ?? EVIDENCE_AGE_SECONDS) && ageSeconds >= -CLOCK_SKEW_SECONDS;
  return fresh ? { ok: true, report } : { ok: false, code: "device.stale" };
}

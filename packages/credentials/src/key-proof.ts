import type { PublicJwk, RefusalCode } from "@countersign/core";
import { parseCompact } from "./canonical-token.ts";
import { signCompact, signatureFits } from "./compact-signature.ts";
import { importPublicKey } from "./keys.ts";
import type { SigningKey } from "./keys.ts";
import { sameText } from "./same-text.ts";

const KEY_PROOF_TYPE = "countersign-key-proof+jwt";
const WINDOW_SECONDS = 60;

/** What the key is shown for: a proof for one purpose is worth nothing for the other. */
export type KeyProofPurpose = "enroll" | "session" | "session-poll" | "task" | "workload" | "point";
export interface KeyProofContext {
  readonly purpose: KeyProofPurpose;
  /** `publicUrl` of the control plane; for `point` the SPIFFE ID of the server, which the gateway has verified by then. */
  readonly audience: string;
  /**
   * What this one proof is tied to: for `enroll` the session key's thumbprint, for `session` the device key's, for
   * `session-poll` the approval's id, for `task` the id of the task or, at its opening, of the agent; for `workload` the task key's thumbprint
   * or, before its mandate is signed, the agent's name; for `point` the join token's id or, at a renewal, the thumbprint of the key that the
   * present certificate is for.
   */
  readonly nonce: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Proves that the caller holds a key that the control plane does not know yet, when a device enrols or a session is opened. */
export function signKeyProof(key: SigningKey, { purpose, audience, nonce, now }: KeyProofContext): string {
  const payload = { aud: audience, purpose, nonce, iat: Math.floor(now / 1000) };
  return signCompact({ typ: KEY_PROOF_TYPE, jwk: { ...key.jwk } }, payload, key);
}

export type VerifiedKeyProof =
  | { readonly ok: true; readonly jwk: PublicJwk; readonly jkt: string }
  | { readonly ok: false; readonly code: RefusalCode };

/** Verifies a key proof. That it is tied to the right thing, and used once where that matters, is the caller's. Never throws. */
export function verifyKeyProof(proof: string, { purpose, audience, nonce, now }: KeyProofContext): VerifiedKeyProof {
  const parsed = parseCompact(proof);
  if (!parsed.ok) return parsed;
  const { header, payload } = parsed.token;
  if (header["typ"] !== KEY_PROOF_TYPE) return { ok: false, code: "credential.not_canonical" };
  const imported = importPublicKey(header["jwk"]);
  if (!imported.ok || !signatureFits(parsed.token, imported.key)) return { ok: false, code: "credential.wrong_key" };
  const { aud, purpose: shownFor, nonce: tiedTo, iat } = payload;
  if (aud !== audience || shownFor !== purpose) return { ok: false, code: "credential.wrong_audience" };
  if (typeof tiedTo !== "string" || !sameText(tiedTo, nonce)) return { ok: false, code: "credential.replayed" };
  if (!Number.isSafeInteger(iat) || Math.abs(now / 1000 - (iat as number)) > WINDOW_SECONDS) {
    return { ok: false, code: "credential.expired" };
  }
  return { ok: true, jwk: imported.key.jwk, jkt: imported.key.jkt };
}

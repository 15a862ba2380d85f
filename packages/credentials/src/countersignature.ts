import { APPROVAL_CONTEXT, TASK_SCOPE, canonicalJson } from "@countersign/core";
import type { AssertionJson, Countersignature, HumanId, Kind, SignedApproval } from "@countersign/core";
import { verifyAssertion } from "./assertion.ts";
import type { AssertionFault } from "./assertion.ts";
import { changeDigest, sha256, termsDigest } from "./digest.ts";
import { isChange, isSignedApproval } from "./signed-approval.ts";

/** The WebAuthn challenge of an approval (design 5.2): base64url(SHA-256(APPROVAL_CONTEXT ‖ JCS(signed))). */
export function approvalChallenge(signed: SignedApproval): string {
  return sha256(APPROVAL_CONTEXT + canonicalJson(signed));
}

export interface KnownPasskey {
  readonly human: HumanId;
  /** COSE key, base64url. */
  readonly publicKey: string;
  /** Last counter; null when the assertion is an old one that is verified again. */
  readonly counter: number | null;
}

export interface ApprovalTrust {
  /** The passkey with that credential id if it may sign now, else undefined. */
  readonly passkeys: (credentialId: string) => KnownPasskey | undefined;
  /**
   * Unix milliseconds when the signature is used; null when stored state is verified again, whose signature was used, and
   * tested for time, when the state was written.
   */
  readonly now: number | null;
  readonly origin: string;
  readonly rpId: string;
  /** Digest of the installation's first state. */
  readonly genesis: string;
}

export type ApprovalFault =
  | AssertionFault
  | "form"
  | "digest"
  | "terms"
  | "decision"
  | "genesis"
  | "passkey"
  | "approver"
  | "time";
export type VerifiedApproval =
  | {
      readonly ok: true;
      readonly approver: HumanId;
      readonly decision: SignedApproval["decision"];
      /** Credential id of the passkey, and its counter to be stored. */
      readonly passkey: string;
      readonly counter: number;
      readonly backedUp: boolean;
    }
  | {
      readonly ok: false;
      readonly code: "countersignature.void" | "countersignature.expired";
      readonly fault: ApprovalFault;
    };

/** A signed answer to an approval, and the digest of the call or change that it must be about: null for scope `task`, whose bound the
 * caller compares with the call. */
export interface ApprovalAnswer {
  readonly signed: SignedApproval;
  readonly assertion: AssertionJson;
  readonly callDigest: string | null;
}

/**
 * Verifies a signed answer, approval or denial (INV-5): exact form, digest, origin, installation, time, that the passkey belongs
 * to the approver it names, and the assertion over it. Whether that person may approve, and whether it was used, is the caller's.
 * Never throws, whatever was stored.
 */
export function verifyApproval(answer: ApprovalAnswer, trust: ApprovalTrust): VerifiedApproval {
  const { signed, assertion } = answer;
  const refusal = contentRefusal(answer, trust);
  if (refusal !== null) return refusal;
  const id = (assertion as AssertionJson | null | undefined)?.id;
  const passkey = typeof id === "string" ? trust.passkeys(id) : undefined;
  if (id === undefined || passkey === undefined) return isVoid("passkey");
  if (passkey.human !== signed.approver) return isVoid("approver");
  const challenge = digestsOf(() => [approvalChallenge(signed)])?.[0];
  if (challenge === undefined) return isVoid("form");
  const { origin, rpId } = trust;
  const { publicKey, counter } = passkey;
  const verified = verifyAssertion({ assertion, challenge, origin, rpId, publicKey, counter });
  if (!verified.ok) return isVoid(verified.fault);
  const { approver, decision } = signed;
  return { ok: true, approver, decision, passkey: id, counter: verified.counter, backedUp: verified.backedUp };
}

function contentRefusal({ signed, callDigest }: ApprovalAnswer, trust: ApprovalTrust): VerifiedApproval | null {
  if (!isSignedApproval(signed) || !isWithinScope(signed)) return isVoid("form");
  if ((signed.callDigest ?? null) !== callDigest) return isVoid("digest");
  if (signed.origin !== trust.origin) return isVoid("origin");
  if (signed.genesis !== trust.genesis) return isVoid("genesis");
  return timeRefusal(signed, trust.now);
}

/** INV-5: what one signature may allow. */
function isWithinScope({ scope, uses, notBefore, expiresAt }: SignedApproval): boolean {
  if (scope === "once") return uses === 1;
  return uses <= TASK_SCOPE.uses && Date.parse(expiresAt) - Date.parse(notBefore) <= TASK_SCOPE.seconds * 1000;
}

export interface CountersignatureTrust extends ApprovalTrust {
  /** Records that the change must bind, with the terms they have now. */
  readonly records: readonly { readonly kind: Kind; readonly id: string; readonly terms: unknown }[];
}

/**
 * Verifies the proof that a change of rights was signed (INV-12): an approval, once, of exactly this change, which binds the
 * terms of each given record. Never throws.
 */
export function verifyCountersignature(
  countersignature: Countersignature,
  trust: CountersignatureTrust,
): VerifiedApproval {
  const stored: Partial<Countersignature> | null | undefined = countersignature;
  const { change, signed, assertion } = stored ?? {};
  if (!isChange(change) || !isSignedApproval(signed) || assertion === undefined) return isVoid("form");
  if (signed.decision !== "approve" || signed.scope !== "once") return isVoid("decision");
  const digests = digestsOf(() => [
    changeDigest(change),
    ...trust.records.map(({ kind, id, terms }) => termsDigest(kind, id, terms)),
  ]);
  if (digests === null) return isVoid("form");
  const [callDigest = "", ...wanted] = digests;
  const bound = trust.records.every((record, index) =>
    change.records.some(
      (entry) => entry.kind === record.kind && entry.id === record.id && entry.termsDigest === wanted[index],
    ),
  );
  if (!bound) return isVoid("terms");
  return verifyApproval({ signed, assertion, callDigest }, trust);
}

function timeRefusal(signed: SignedApproval, now: number | null): VerifiedApproval | null {
  const [notBefore, expiresAt] = [Date.parse(signed.notBefore), Date.parse(signed.expiresAt)];
  if (!(notBefore < expiresAt)) return isVoid("time");
  if (now === null) return null;
  if (now >= expiresAt) return { ok: false, code: "countersignature.expired", fault: "time" };
  return now < notBefore ? isVoid("time") : null;
}

// A stored value may have no canonical form (a lone surrogate, endless depth): that is no signature.
function digestsOf(compute: () => string[]): string[] | null {
  try {
    return compute();
  } catch {
    return null;
  }
}

function isVoid(fault: ApprovalFault): VerifiedApproval {
  return { ok: false, code: "countersignature.void", fault };
}

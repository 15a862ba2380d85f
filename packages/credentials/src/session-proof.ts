import type { SessionId } from "@countersign/core";
import { accessTokenHash, makeProof, verifyProof } from "./dpop.ts";
import type { ProofExpectation, ProofInput, VerifiedProof } from "./dpop.ts";

/**
 * Signs a request of the command line with its session key. The session id stands where the token stands
 * (`Authorization: DPoP ses_…`): it is a name, not a secret. What counts is the proof in the `DPoP` header (INV-4).
 */
export function makeSessionProof({
  session,
  ...input
}: Omit<ProofInput, "accessToken"> & { readonly session: SessionId }): string {
  return makeProof({ ...input, accessToken: session });
}

export type SessionProofExpectation = Omit<ProofExpectation, "accessTokenHash" | "expectedJkt"> & {
  readonly session: SessionId;
  /** Thumbprint of the key that the session was opened with. */
  readonly jkt: string;
};

/** Verifies a request of the command line against its session: a DPoP proof by the session's key, bound to its id. */
export function verifySessionProof({ session, jkt, ...expected }: SessionProofExpectation): VerifiedProof {
  return verifyProof({ ...expected, accessTokenHash: accessTokenHash(session), expectedJkt: jkt });
}

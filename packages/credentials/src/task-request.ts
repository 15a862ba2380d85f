import { verifyAccessToken } from "./access-token.ts";
import type { AccessTokenClaims, AccessTokenTrust } from "./access-token.ts";
import { accessTokenHash, verifyProof } from "./dpop.ts";
import type { ProofExpectation, ProofRefusal } from "./dpop.ts";

export interface PresentedCredential {
  /** The header `Authorization`. */
  readonly authorization: string | undefined;
  /** The header `DPoP`. */
  readonly proof: string | undefined;
}
export type ReadAuthorization = { readonly ok: true; readonly token: string } | ProofRefusal;

/** Takes the token out of `Authorization: DPoP <token>`. A bearer token is refused: it is bound to nothing (INV-4). */
export function readAuthorization(header: string | undefined): ReadAuthorization {
  if (header === undefined || header === "") return { ok: false, code: "credential.missing" };
  const [, scheme = "", token = ""] = /^([A-Za-z]+) ([\x21-\x7e]+)$/.exec(header) ?? [];
  if (scheme === "") return { ok: false, code: "credential.not_canonical" };
  if (scheme.toLowerCase() !== "dpop") return { ok: false, code: "credential.not_bound" };
  return { ok: true, token };
}

export type TaskTrust = AccessTokenTrust & Pick<ProofExpectation, "method" | "url" | "nonces" | "replay">;
export type VerifiedTaskRequest = { readonly ok: true; readonly claims: AccessTokenClaims } | ProofRefusal;

/** Verifies the whole credential of a task's request: the token, then the proof that its sender holds the key. Never throws. */
export function verifyTaskRequest(presented: PresentedCredential, trust: TaskTrust): VerifiedTaskRequest {
  const read = readAuthorization(presented.authorization);
  if (!read.ok) return read;
  const verified = verifyAccessToken(read.token, trust);
  if (!verified.ok) return verified;
  const proof = verifyProof({
    proof: presented.proof,
    method: trust.method,
    url: trust.url,
    accessTokenHash: accessTokenHash(read.token),
    expectedJkt: verified.claims.jkt,
    nonces: trust.nonces,
    replay: trust.replay,
    now: trust.now,
  });
  return proof.ok ? { ok: true, claims: verified.claims } : proof;
}

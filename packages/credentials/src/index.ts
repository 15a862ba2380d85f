export type { AccessTokenClaims, AccessTokenTrust, MintInput, VerifiedAccessToken } from "./access-token.ts";
export { ACCESS_TOKEN_TTL_SECONDS, mintAccessToken, verifyAccessToken } from "./access-token.ts";
export type { AssertionExpectation, AssertionFault, VerifiedAssertion } from "./assertion.ts";
export { verifyAssertion } from "./assertion.ts";
export { decodeBase64url, encodeBase64url, isBase64url } from "./base64url.ts";
export type { CompactToken, ParsedToken } from "./canonical-token.ts";
export { TOKEN_LIMIT_BYTES, parseCompact } from "./canonical-token.ts";
export type {
  ApprovalAnswer,
  ApprovalFault,
  ApprovalTrust,
  CountersignatureTrust,
  KnownPasskey,
  VerifiedApproval,
} from "./countersignature.ts";
export { approvalChallenge, verifyApproval, verifyCountersignature } from "./countersignature.ts";
export type { EvidenceExpectation, EvidenceInput, VerifiedEvidence } from "./device-evidence.ts";
export { EVIDENCE_AGE_SECONDS, signEvidence, verifyEvidence } from "./device-evidence.ts";
export type { DeviceLevel, JudgedLevel, MissingFact } from "./device-level.ts";
export { deviceLevel } from "./device-level.ts";
export { argsCommitment, callDigest, changeDigest, digestOf, sha256, termsDigest } from "./digest.ts";
export { isSignedBy, signBytes } from "./detached-signature.ts";
export type { ProofExpectation, ProofInput, ProofRefusal, VerifiedProof } from "./dpop.ts";
export { accessTokenHash, makeProof, verifyProof } from "./dpop.ts";
export type { Opened, SealContext, SealingKey } from "./envelope.ts";
export { keptKey, newKey, open, openText, seal, sealText, unwrapKey, wrapKey } from "./envelope.ts";
export type { JoinToken } from "./join-token.ts";
export { makeJoinToken, parseJoinToken } from "./join-token.ts";
export type { KeyProofContext, KeyProofPurpose, VerifiedKeyProof } from "./key-proof.ts";
export { signKeyProof, verifyKeyProof } from "./key-proof.ts";
export type { ImportedKey, KeyAlgorithm, SigningKey, VerificationKey } from "./keys.ts";
export { exportPrivateJwk, generateSigningKey, importPublicKey, importSigningKey, parsePublicJwk } from "./keys.ts";
export { NonceSource } from "./nonce-source.ts";
export { pooledRandom } from "./pooled-random.ts";
export type { OpaqueToken } from "./opaque-token.ts";
export { opaqueDigest, opaqueMatches, opaqueToken } from "./opaque-token.ts";
export type { OperatingSystem, Posture, PostureFact, PostureReport } from "./posture.ts";
export type {
  RegisteredPasskey,
  RegistrationExpectation,
  RegistrationOptionsInput,
  RegistrationOptionsJson,
  VerifiedRegistration,
} from "./registration.ts";
export { registrationOptions, verifyRegistration } from "./registration.ts";
export type { SeenProof } from "./replay-memory.ts";
export { PROOF_AGE_SECONDS, PROOF_AHEAD_SECONDS, ReplayMemory } from "./replay-memory.ts";
export { sameText } from "./same-text.ts";
export type { SessionProofExpectation } from "./session-proof.ts";
export { makeSessionProof, verifySessionProof } from "./session-proof.ts";
export { shownKey } from "./shown-key.ts";
export type { PresentedCredential, ReadAuthorization, TaskTrust, VerifiedTaskRequest } from "./task-request.ts";
export { readAuthorization, verifyTaskRequest } from "./task-request.ts";
export { thumbprint } from "./thumbprint.ts";
export { TokenCache } from "./token-cache.ts";
export type {
  CertificateAuthority,
  SpiffeId,
  SvidCode,
  SvidRequest,
  TaskSubject,
  TaskSvidRequest,
  TrustBundle,
  VerifiedSvid,
  VerifiedTaskSvid,
} from "./x509/index.ts";
export {
  TASK_SVID_TTL_SECONDS,
  bundleHash,
  bundlePem,
  certificateAuthority,
  issueSvid,
  issueTaskSvid,
  openAuthority,
  parseBundle,
  parseSpiffeId,
  serialNumber,
  toPem,
  verifySvid,
  verifyTaskSvid,
} from "./x509/index.ts";

import { createHash } from "node:crypto";
import { type Hold, canonicalJson } from "@countersign/core";

export const CRITICAL = "builtin:critical";
export const UNQUALIFIED = "builtin:unqualified";
export const NEW_EXECUTABLE = "builtin:new-executable";

/** A hold that no policy text can lift. `subject` is what the signature is about: another subject is another hold. */
export function builtInHold(policyId: string, reason: string, subject: string): Hold {
  const policyHash = createHash("sha256")
    .update(canonicalJson({ rule: policyId, subject }))
    .digest("base64url");
  return {
    policyId,
    policyHash,
    reason,
    approvers: "owner",
    notRequester: false,
    quorum: 1,
    expirySeconds: null,
    scopes: ["once"],
    authenticator: "any",
  };
}

import { createHash } from "node:crypto";
import type { Outcome, OutcomeStatus } from "@countersign/core";

const RESULT_CONTEXT = "countersign-result-v1\n";

/**
 * Outcome of an action. Commitment = base64url(SHA-256(resultSalt ‖ result bytes)) with resultSalt = SHA-256("countersign-result-v1\n" ‖ salt):
 * whoever is shown the salt of the intent can check the result too, and erasing that salt hides both.
 */
export function outcomeOf(status: OutcomeStatus, bytes: Uint8Array | null, saltBase64url: string): Outcome {
  if (bytes === null) return { status, resultCommitment: null, bytes: 0 };
  const salt = createHash("sha256").update(RESULT_CONTEXT).update(Buffer.from(saltBase64url, "base64url")).digest();
  return {
    status,
    resultCommitment: createHash("sha256").update(salt).update(bytes).digest("base64url"),
    bytes: bytes.length,
  };
}

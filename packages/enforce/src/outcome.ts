import { hash } from "node:crypto";
import type { Outcome, OutcomeStatus } from "@countersign/core";

const RESULT_CONTEXT = Buffer.from("countersign-result-v1\n");

/**
 * Outcome of an action. Commitment = base64url(SHA-256(resultSalt ‖ result bytes)) with resultSalt = SHA-256("countersign-result-v1\n" ‖ salt):
 * whoever is shown the salt of the intent can check the result too, and erasing that salt hides both.
 */
export function outcomeOf(status: OutcomeStatus, bytes: Uint8Array | null, saltBase64url: string): Outcome {
  if (bytes === null) return { status, resultCommitment: null, bytes: 0 };
  const salt = hash("sha256", Buffer.concat([RESULT_CONTEXT, Buffer.from(saltBase64url, "base64url")]), "buffer");
  return {
    status,
    resultCommitment: hash("sha256", Buffer.concat([salt, bytes]), "base64url"),
    bytes: bytes.length,
  };
}

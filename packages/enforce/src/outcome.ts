import { hash } from "node:crypto";
import type { Json, Outcome, OutcomeStatus } from "@countersign/core";
import type { Exchange } from "./action.ts";

const RESULT_CONTEXT = Buffer.from("countersign-result-v1\n");

/**
 * Outcome of an action. Commitment = base64url(SHA-256(resultSalt ‖ result bytes)) with resultSalt = SHA-256("countersign-result-v1\n" ‖ salt):
 * whoever is shown the salt of the intent can check the result too, and erasing that salt hides both.
 */
export function outcomeOf(status: OutcomeStatus, bytes: Uint8Array | null, saltBase64url: string): Outcome {
  if (bytes === null) return { status, resultCommitment: null, bytes: 0 };
  return { status, resultCommitment: commitmentOf(bytes, saltBase64url), bytes: bytes.length };
}

/** What was asked within an action and what was answered, each as a commitment under the salt of the result. */
export function askedOf(exchanges: readonly Exchange[], saltBase64url: string): Json {
  return exchanges.map(({ method, question, answer }) => ({
    method,
    question: commitmentOf(question, saltBase64url),
    questionBytes: question.length,
    answer: answer === null ? null : commitmentOf(answer, saltBase64url),
    answerBytes: answer?.length ?? 0,
  }));
}

function commitmentOf(bytes: Uint8Array, saltBase64url: string): string {
  const salt = hash("sha256", Buffer.concat([RESULT_CONTEXT, Buffer.from(saltBase64url, "base64url")]), "buffer");
  return hash("sha256", Buffer.concat([salt, bytes]), "base64url");
}

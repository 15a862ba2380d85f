import { AppError, codeRow } from "@countersign/core";

const MOST = 3;

/** Reading again helps against what passes by itself; a refusal stays one. */
export function mayRepeat(failures: number, error: Error): boolean {
  return failures < MOST && error instanceof AppError && codeRow(error.code).retryable;
}

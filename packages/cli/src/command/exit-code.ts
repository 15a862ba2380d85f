import { type AppError, codeRow } from "@countersign/core";
import { UsageError } from "./usage-error.ts";

/** Exit codes of every command (interfaces: command line). */
export const EXIT = { ok: 0, failed: 1, usage: 2, denied: 3, held: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of an error: usage, denied (HTTP 401 and 403), else failed. */
export function exitCodeOf(error: AppError): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  const { status } = codeRow(error.code);
  return status === 401 || status === 403 ? EXIT.denied : EXIT.failed;
}

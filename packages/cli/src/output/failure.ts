import { AppError, codeRow, problemOf } from "@countersign/core";
import { UsageError } from "../command/usage-error.ts";
import { visible } from "./visible-text.ts";

/** What to do about an error whose own words do not say it yet. */
const NEXT: Readonly<Record<string, string>> = {
  "request.unauthenticated": "sign in: `countersign login`",
  "request.forbidden": "ask an administrator, or run it on the machine of the control plane",
  "request.conflict": "run it again",
  "request.too_many": "wait a minute and run it again",
  "task.no_human": "sign in: `countersign login`",
  "task.ended": "open another: `countersign task open --agent A --purpose T`",
  "agent.inactive": "see `countersign agent list`",
  "agent.owner_lost": "an administrator signs a new owner",
  "device.unknown": "enrol it: `countersign enroll`",
  "brake.frozen": "see `countersign status`; `countersign thaw BRAKE` asks for the signature that lifts it",
  "brake.severed": "its owner signs: `countersign thaw BRAKE`",
  "data.in_use": "end the other process, or pass another `--data`",
  "data.full": "make room and start again",
  "data.damaged": "see `countersign doctor`; restore the data directory from a copy",
  "ledger.damaged": "see `countersign doctor`; keep the damaged copy, restore from another",
  "data.unsigned": "see `countersign doctor`; someone changed the database by hand",
  "listen.in_use":
    "end the other process, or name free ones: `COUNTERSIGN_LISTEN_API=127.0.0.1:7340 COUNTERSIGN_LISTEN_GATEWAY=127.0.0.1:7341`, or `listen: {api: …, gateway: …}` in `countersign.yaml` in the data directory",
  "listen.unsafe": "pass `--tls-cert` and `--tls-key`, or `--behind-proxy`",
};

/** An error as two plain lines: what is wrong, then what to do next. Never a stack trace. */
export function failureLines(error: AppError): string[] {
  const said = error.detail ?? codeRow(error.code).title;
  const next =
    error instanceof UsageError
      ? `see \`${["countersign", error.command, "--help"].filter(Boolean).join(" ")}\``
      : NEXT[error.code];
  return [`countersign: ${visible(said)}`, ...(next === undefined ? [] : [`next: ${next}`])];
}

/** An error as one line of problem+json (RFC 9457). */
export function failureJson(error: AppError): string {
  const next = NEXT[error.code];
  return JSON.stringify({ ...problemOf(error), ...(next === undefined ? {} : { next }) });
}

/** Anything that was thrown, as an AppError. What was not thrown on purpose says nothing about the inside. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("internal.error", {
    detail: `something failed inside (${kindOf(error)}); run \`countersign doctor\``,
    cause: error,
  });
}

/** Class and system code only: messages may quote paths, input or secrets (INV-9). */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" ? `${error.name} ${code}` : error.name;
}

import { AppError, type Code, FAULTS, isJsonObject, type Json, type JsonObject, REFUSALS } from "@countersign/core";

/** The error that a control plane answered with (RFC 9457), as an AppError. Codes that this version does not know become `internal.error`. */
export function problemError(status: number, body: Json | null): AppError {
  const problem: JsonObject = isJsonObject(body ?? undefined) ? (body as JsonObject) : {};
  const { type: _type, title, status: _status, code, detail, ...details } = problem;
  const text =
    typeof detail === "string"
      ? detail
      : typeof title === "string"
        ? title
        : `the control plane answered ${String(status)}`;
  return new AppError(isCode(code) ? code : fallback(status), { detail: text.slice(0, 2000), details });
}

function isCode(code: Json | undefined): code is Code {
  return typeof code === "string" && (Object.hasOwn(REFUSALS, code) || Object.hasOwn(FAULTS, code));
}

function fallback(status: number): Code {
  if (status === 401) return "request.unauthenticated";
  if (status === 403) return "request.forbidden";
  if (status === 404) return "request.not_found";
  if (status === 429) return "request.too_many";
  return status >= 400 && status < 500 ? "request.invalid" : "internal.error";
}

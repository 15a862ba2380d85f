import { AppError, type Code, FAULTS, type Json, type JsonObject, REFUSALS, isJsonObject } from "@countersign/core";

/** What a point says: a request, or that it has taken in what was pushed. */
export type PointMessage =
  | { readonly kind: "call"; readonly id: number; readonly call: string; readonly body: JsonObject }
  | { readonly kind: "ack"; readonly ack: number; readonly body: JsonObject };

/** What a server says: the answer to a request, or what changed. */
export type ServerMessage =
  | { readonly kind: "answer"; readonly id: number; readonly body: Json }
  | { readonly kind: "problem"; readonly id: number; readonly problem: AppError }
  | { readonly kind: "push"; readonly push: number; readonly body: JsonObject };

const MOST_CALL_NAME = 32;
const MOST_DETAIL = 1000;

/** @throws AppError `link.malformed` */
export function readPointMessage(value: Json): PointMessage {
  if (!isJsonObject(value)) throw malformed("a message is an object");
  const { id, call, ack, body } = value;
  if (!isJsonObject(body)) throw malformed("a message has a body");
  if (ack !== undefined) return { kind: "ack", ack: count(ack), body };
  if (typeof call !== "string" || call.length > MOST_CALL_NAME) throw malformed("a request names its call");
  return { kind: "call", id: count(id), call, body };
}

/** @throws AppError `link.malformed` */
export function readServerMessage(value: Json): ServerMessage {
  if (!isJsonObject(value)) throw malformed("a message is an object");
  const { id, ok, body, problem, push } = value;
  if (push !== undefined) {
    if (!isJsonObject(body)) throw malformed("a push has a body");
    return { kind: "push", push: count(push), body };
  }
  if (ok === true && body !== undefined) return { kind: "answer", id: count(id), body };
  if (ok === false && isJsonObject(problem)) return { kind: "problem", id: count(id), problem: errorOf(problem) };
  throw malformed("an answer has a body or a problem");
}

export function malformed(detail: string): AppError {
  return new AppError("link.malformed", { detail });
}

function count(value: Json | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  throw malformed("messages are counted from 1");
}

/** What the other side refused with, as it would be thrown here; a code that is unknown here says only that something failed. */
function errorOf({ code, detail, ...members }: JsonObject): AppError {
  const known = typeof code === "string" && (Object.hasOwn(FAULTS, code) || Object.hasOwn(REFUSALS, code));
  const { details } = members;
  return new AppError(known ? (code as Code) : "internal.error", {
    ...(typeof detail === "string" ? { detail: detail.slice(0, MOST_DETAIL) } : {}),
    ...(isJsonObject(details) ? { details } : {}),
  });
}

/** A refusal as the other side reads it. */
export function problemBody(error: AppError): JsonObject {
  return { code: error.code, ...(error.detail === undefined ? {} : { detail: error.detail }) };
}

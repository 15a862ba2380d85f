import {
  type HeldCall,
  type Json,
  type JsonObject,
  type PublicJwk,
  REFUSALS,
  type RefusalCode,
  isId,
  isJsonObject,
  isPreview,
} from "@countersign/core";
import type { Denial, Held, HoldRefused, Learned, Merged, Recorded, Snapshot } from "../control-plane.ts";
import { malformed } from "./messages.ts";

/** Who signs the tokens of tasks: told to a point with every join. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly keys: readonly PublicJwk[];
}
export interface Welcome extends Snapshot {
  readonly tokens: TokenIssuer;
}

/** The kinds that points are told; another one is nothing that a point could use. */
const MOST_RECORDS = 1_000_000;

/** Checks the form of a snapshot; what its records say is believed only with their signatures. @throws AppError `link.malformed` */
export function readSnapshot(body: Json): Snapshot {
  if (!isJsonObject(body)) throw malformed("a snapshot is an object");
  const { generation, version, records } = body;
  if (!isCount(generation) || !isCount(version)) throw malformed("a snapshot names its generation and version");
  if (!Array.isArray(records) || records.length > MOST_RECORDS) throw malformed("a snapshot has records");
  if (!records.every(isRecord)) throw malformed("a record does not have the required form");
  return { generation, version, records };
}

export function readWelcome(body: Json): Welcome {
  const snapshot = readSnapshot(body);
  const { tokens } = body as JsonObject;
  if (!isJsonObject(tokens) || typeof tokens["issuer"] !== "string" || !Array.isArray(tokens["keys"]))
    throw malformed("a welcome says who signs the tokens");
  if (!tokens["keys"].every(isKey)) throw malformed("a key is not a public key");
  return { ...snapshot, tokens: tokens as unknown as TokenIssuer };
}

export function readLearned(body: Json): Learned {
  const snapshot = readSnapshot(body);
  return { ...snapshot, purpose: textOrNull((body as JsonObject)["purpose"]) };
}

export function readRecorded(body: Json): Recorded {
  if (!isJsonObject(body)) throw malformed("an answer to a record is an object");
  const { ok, code, brake } = body;
  if (ok === true) return { ok: true };
  if (ok !== false || typeof code !== "string" || !Object.hasOwn(REFUSALS, code))
    throw malformed("an answer to a record says whether it was made");
  if (brake !== undefined && !isId("brk", brake)) throw malformed("a brake has an id");
  return { ok: false, code: code as RefusalCode, ...(brake === undefined ? {} : { brake }) };
}

export function readHold(body: Json): Held | HoldRefused {
  if (!isJsonObject(body)) throw malformed("an answer to a hold is an object");
  const { refused, approval, state, url, approver, entry, salt, preview } = body;
  if (refused !== undefined) return { refused: refusal(refused) };
  const texts = [url, approver, entry, salt].every((text) => typeof text === "string");
  if (!isId("apr", approval) || (state !== "pending" && state !== "approved") || !texts)
    throw malformed("a hold names its approval");
  if (preview !== undefined && !isPreview(preview)) throw malformed("a preview does not have the required form");
  return body as unknown as Held;
}

export function readMerged(body: Json): Merged {
  if (!isJsonObject(body)) throw malformed("an answer to a run of a spool is an object");
  const { ok, code, seq, hash } = body;
  if (ok === true && isCount(seq) && typeof hash === "string") return { ok: true, seq, hash };
  if (ok === false && typeof code === "string" && (code === "point.unknown" || code.startsWith("spool.")))
    return { ok: false, code: code as Extract<Merged, { ok: false }>["code"] };
  throw malformed("an answer to a run of a spool says up to where it was merged");
}

function refusal(refused: Json): HoldRefused["refused"] {
  const { code, reason } = isJsonObject(refused) ? refused : {};
  if (typeof code !== "string" || !Object.hasOwn(REFUSALS, code) || typeof reason !== "string")
    throw malformed("a hold that is refused says why");
  return { code: code as RefusalCode, reason };
}

export function readDenial(body: Json): Denial | null {
  if (body === null) return null;
  if (!isJsonObject(body)) throw malformed("a denial is an object");
  const { by, reason } = body;
  if (typeof by !== "string" || typeof reason !== "string") throw malformed("a denial says by whom and why");
  return { by, reason };
}

export function readHeldCall(body: Json): HeldCall | null {
  if (body === null) return null;
  if (!isJsonObject(body) || !isJsonObject(body["arguments"])) throw malformed("a held call has arguments");
  const texts = ["upstream", "method", "tool", "action", "resource", "effect", "salt"];
  if (!texts.every((name) => typeof body[name] === "string")) throw malformed("a held call is not whole");
  return body as unknown as HeldCall;
}

export function textOrNull(value: Json | undefined): string | null {
  if (value === null || typeof value === "string") return value;
  throw malformed("an answer is no text");
}

function isRecord(record: Json): boolean {
  return (
    isJsonObject(record) &&
    typeof record["kind"] === "string" &&
    typeof record["id"] === "string" &&
    isCount(record["version"]) &&
    isJsonObject(record["terms"]) &&
    isJsonObject(record["state"]) &&
    typeof record["state"]["status"] === "string"
  );
}

function isKey(key: Json): boolean {
  return isJsonObject(key) && typeof key["kty"] === "string" && typeof key["x"] === "string";
}

function isCount(value: Json | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

import { type Json, type JsonObject, isJsonObject, parseJson, plainText } from "@countersign/core";
import { type ClientOffer, isOffered } from "./client-offer.ts";
import { type Era, RPC } from "./protocol.ts";

/** What an upstream asks the agent's client, as it is passed on. */
export interface Question {
  readonly method: string;
  readonly params: JsonObject;
}
export interface QuestionFault {
  readonly ok: false;
  readonly code: number;
  readonly message: string;
}
export type ReadQuestion = { readonly ok: true; readonly question: Question } | QuestionFault;
export type Answered = { readonly ok: true; readonly result: JsonObject } | QuestionFault;

export interface QuestionContext {
  readonly upstream: string;
  readonly offer: ClientOffer;
  /** The person said no within this action. */
  readonly declined: boolean;
  /** The origin of Countersign's own pages: no upstream sends anybody there. */
  readonly ownOrigin: string;
}

const LIMITS = { sizeBytes: 256 * 1024, depth: 64 };
const ANSWER_BYTES = 2 * 1024 * 1024;
const MAX_ROOTS = 1000;
const MESSAGE_CHARS = 4000;
const ACTIONS: ReadonlySet<unknown> = new Set(["accept", "decline", "cancel"]);
const ROLES: ReadonlySet<unknown> = new Set(["assistant", "user"]);
const DECLINED: JsonObject = { action: "decline" };

/**
 * A question as its client may see it: only the members that the protocol knows, and a person is told who asks. An elicitation after a
 * decline is answered by that decline: the answer comes instead of a question.
 */
export function readQuestion(
  method: string,
  asked: unknown,
  { upstream, offer, declined, ownOrigin }: QuestionContext,
): ReadQuestion | { readonly ok: true; readonly answer: JsonObject } {
  const params = strict(asked ?? {});
  if (params === null) return fault(RPC.invalidParams, "the question is too large or not an object");
  if (!isOffered(offer, method, params))
    return fault(RPC.methodNotFound, `the client does not offer \`${method}\` in this form`);
  if (method === "roots/list") return { ok: true, question: { method, params: {} } };
  const { _meta, task: _task, ...known } = params;
  if (method === "sampling/createMessage") return { ok: true, question: { method, params: known } };
  if (declined) return { ok: true, answer: DECLINED };
  return elicitation(known, upstream, ownOrigin);
}

function elicitation(params: JsonObject, upstream: string, ownOrigin: string): ReadQuestion {
  const { mode = "form", message, requestedSchema, url, elicitationId } = params;
  if (typeof message !== "string") return fault(RPC.invalidParams, "the elicitation has no message");
  // Nobody is to take an upstream's question for an approval of ours, whatever a terminal makes of its characters.
  const marked = `Asked by the server \`${upstream}\`, not by Countersign: ${plainText(message, MESSAGE_CHARS)}`;
  const method = "elicitation/create";
  const shown = params["mode"] === undefined ? {} : { mode };
  if (mode === "form" && isJsonObject(requestedSchema)) {
    const schema = plainWords(requestedSchema);
    return hides(schema)
      ? fault(RPC.invalidParams, "the form has hidden characters in its names or values")
      : { ok: true, question: { method, params: { ...shown, message: marked, requestedSchema: schema } } };
  }
  if (mode !== "url" || !isWebAddress(url, ownOrigin))
    return fault(RPC.invalidParams, "the elicitation is neither a form nor a web address");
  const named = typeof elicitationId === "string" ? { elicitationId } : {};
  return { ok: true, question: { method, params: { mode, message: marked, url, ...named } } };
}

/** A form whose words for people are one line each, as its message is. */
function plainWords(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(plainWords);
  if (!isJsonObject(schema)) return schema;
  const members = Object.entries(schema).map(([name, value]) => {
    const isWords = (name === "title" || name === "description") && typeof value === "string";
    return [name, isWords ? plainText(value, MESSAGE_CHARS) : plainWords(value)] as const;
  });
  return Object.fromEntries(members);
}

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Names and values must stay as they are: one that a terminal would not show as it is, is none to ask for. */
function hides(schema: Json): boolean {
  if (typeof schema === "string") return HIDDEN.test(schema);
  if (Array.isArray(schema)) return schema.some(hides);
  return isJsonObject(schema) && Object.entries(schema).some(([name, value]) => HIDDEN.test(name) || hides(value));
}

function isWebAddress(text: Json | undefined, ownOrigin: string): text is string {
  const url = typeof text === "string" ? URL.parse(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return false;
  return url.username === "" && url.password === "" && placeOf(url) !== placeOf(new URL(ownOrigin));
}

/** Host and port, of whatever scheme; all names of this machine are one, because our pages answer to each of them. */
function placeOf({ hostname, port, protocol }: URL): string {
  const name = hostname.replace(/\.$/, "");
  const isHere = /(?:^|\.)localhost$|^127\.|^0\.0\.0\.0$|^\[::(?:1|ffff:(?:7f[0-9a-f]{2}:[0-9a-f]+|0:0))?\]$/.test(
    name,
  );
  return `${isHere ? "localhost" : name}:${port || (protocol === "https:" ? "443" : "80")}`;
}

/** The web addresses that an error of 2025-11-25 asks for before the call is made again, under the rules for any such question. */
export function addressesIn(data: unknown, upstream: string, ownOrigin: string): JsonObject {
  const { elicitations } = strict(data) ?? {};
  const asked = Array.isArray(elicitations) ? (elicitations as readonly Json[]) : [];
  const shown = asked.flatMap((one) => {
    const read = isJsonObject(one) ? elicitation({ ...one, mode: "url" }, upstream, ownOrigin) : null;
    return read?.ok === true ? [read.question.params] : [];
  });
  return { elicitations: shown };
}

/** A question as a revision wants it: 2025-11-25 names each web address that is asked for, 2026-07-28 does not. */
export function inEra({ method, params }: Question, era: Era, id: string): Question {
  const { elicitationId = id, ...rest } = params;
  if (method !== "elicitation/create" || params["mode"] !== "url") return { method, params };
  return { method, params: era === "legacy" ? { ...rest, elicitationId } : rest };
}

/** What a client answered, if it is an answer to such a question. `mayTell` says which roots the upstream may hear of. */
export function readAnswer(method: string, value: Json | undefined, mayTell: (uri: string) => boolean): Answered {
  const wrong = fault(RPC.internal, "the client did not answer with what was asked for");
  if (!isJsonObject(value)) return wrong;
  const { _meta, resultType: _type, ...result } = value;
  if (JSON.stringify(result).length > ANSWER_BYTES) return fault(RPC.internal, "the client answered with too much");
  if (method === "elicitation/create") return isElicited(result) ? { ok: true, result } : wrong;
  if (method === "sampling/createMessage") {
    const { role, content, model } = result;
    const whole = ROLES.has(role) && typeof model === "string" && (isJsonObject(content) || Array.isArray(content));
    return whole ? { ok: true, result } : wrong;
  }
  const { roots } = result;
  if (!Array.isArray(roots) || roots.length > MAX_ROOTS) return wrong;
  const told = (roots as readonly Json[]).flatMap((root) => rootOf(root, mayTell));
  return { ok: true, result: { roots: told } };
}

function isElicited({ action, content }: JsonObject): boolean {
  return ACTIONS.has(action) && (content === undefined || (action === "accept" && isJsonObject(content)));
}

function rootOf(root: Json, mayTell: (uri: string) => boolean): JsonObject[] {
  if (!isJsonObject(root)) return [];
  const { uri, name } = root;
  if (typeof uri !== "string" || !mayTell(uri)) return [];
  return [{ uri, ...(typeof name === "string" ? { name } : {}) }];
}

function fault(code: number, message: string): QuestionFault {
  return { ok: false, code, message };
}

/** What an upstream sent, under the rules for all input. */
function strict(value: unknown): JsonObject | null {
  const parsed = parseJson(Buffer.from(JSON.stringify(value) ?? "null", "utf8"), LIMITS);
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : null;
}

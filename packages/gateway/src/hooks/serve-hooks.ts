import type { IncomingMessage, ServerResponse } from "node:http";
import { type Json, type JsonObject, canonicalBytes, isJsonObject, parseJson } from "@countersign/core";
import type { Claims } from "@countersign/enforce";
import {
  type EndpointOptions,
  type GatewayContext,
  type HttpExchange,
  challengeHeaders,
  isAddressedToUs,
  readBody,
  unrecorded,
} from "../mcp/index.ts";
import { type HookClient, isHookClient } from "./clients/index.ts";
import { HookAnswer } from "./hook-answer.ts";
import { type HookEvent, readHookEvent } from "./hook-event.ts";
import { judgeUse } from "./judge-use.ts";
import type { OwnPlaces } from "./own-places.ts";
import { Outcomes } from "./outcomes.ts";

const PATH = /^\/hooks\/([a-z][a-z-]{0,31})$/;
/** The event, its input and the arguments within are levels above those that the settings bound. */
const MORE_DEPTH = 4;

/**
 * Serves `POST /hooks/<client>`: `{payload, home, servers}` with the credential of a task, as the MCP endpoint takes it (RFC 9449). Answers
 * `{decision}`; a client's word on how a use ended is answered `none`. Anything that is not understood is a problem document, which the
 * caller must turn into a refusal.
 */
export function serveHooks(
  own: OwnPlaces,
): (context: GatewayContext, options: EndpointOptions) => (http: HttpExchange) => Promise<void> {
  return (context, options) => {
    const outcomes = new Outcomes();
    context.point.onTaskEnd((task) => outcomes.endTask(task));
    return async (http) => await serve({ context, options, outcomes, own }, http);
  };
}

interface Serving {
  readonly context: GatewayContext;
  readonly options: EndpointOptions;
  readonly outcomes: Outcomes;
  readonly own: OwnPlaces;
}

async function serve({ context, options, outcomes, own }: Serving, { request, response }: HttpExchange): Promise<void> {
  const { answer, controller, over } = answering(response);
  const client = addressed(options, request, answer);
  if (client === null) return;
  const claims = await authenticate(context, { request, url: `${options.baseUrl}/hooks/${client}`, answer });
  if (claims === null) return;
  if (claims.ok) response.setHeader("dpop-nonce", context.authenticator.nonce());
  const told = await readTold({ context, request, client, answer });
  if (told === null) return;
  const { event, home, servers } = told;
  const task = claims.ok ? claims.chain.task : null;
  if (event.kind === "after" && task !== null) outcomes.settle(task, event.use, ended(event));
  if (event.kind !== "before") return answer.verdict({ decision: "none" });
  const key = { task: task ?? "-", session: "hook", id: 0 };
  const place = context.inFlight.begin(key);
  if (place === null) return answer.problem("request.too_many", "too many calls are under way; wait for some to end");
  place.signal.addEventListener("abort", () => controller.abort(), { once: true });
  over.addEventListener("abort", () => context.inFlight.end(key, place), { once: true });
  if (over.aborted) context.inFlight.end(key, place);
  await judgeUse({ context, outcomes, client, home, servers, own, claims, use: event.use, answer, controller });
}

interface Answering {
  readonly answer: HookAnswer;
  /** Aborts what was asked when whoever asked goes away unanswered; who was answered has its client at work. */
  readonly controller: AbortController;
  /** Aborted once it was answered, or when nobody is there any more. */
  readonly over: AbortSignal;
}

function answering(response: ServerResponse): Answering {
  const controller = new AbortController();
  const over = new AbortController();
  const answer = new HookAnswer(response, () => over.abort());
  response.once("close", () => {
    if (!over.signal.aborted) controller.abort();
    over.abort();
  });
  return { answer, controller, over: over.signal };
}

/** The client that a request is for; null when it was answered already: it is for nobody here. */
function addressed({ hosts }: EndpointOptions, request: IncomingMessage, answer: HookAnswer): HookClient | null {
  const client = PATH.exec((request.url ?? "").split("?", 1)[0] ?? "")?.[1];
  if (!isAddressedToUs(request.headers, hosts)) answer.problem("request.wrong_origin", "not for this host");
  else if (!isHookClient(client)) answer.problem("request.not_found", "hooks are at `/hooks/<client>`");
  else if (request.method !== "POST") answer.problem("request.invalid", "hooks are told by POST");
  else return client;
  return null;
}

/** Who asks; null when the answer was given already: the proof wants a fresh nonce. */
async function authenticate(
  { authenticator }: GatewayContext,
  { request, url, answer }: { readonly request: IncomingMessage; readonly url: string; readonly answer: HookAnswer },
): Promise<Claims | null> {
  const { authorization, dpop } = request.headers;
  const proof = Array.isArray(dpop) ? dpop.join(", ") : dpop;
  const { claims, useNonce } = await authenticator.check({ authorization, proof, method: "POST", url });
  if (claims.ok || !useNonce) return claims;
  const refusal = unrecorded({ step: "credential", code: claims.code, reason: claims.reason });
  answer.unauthorized(refusal, challengeHeaders(authenticator.nonce(), claims.code, true));
  return null;
}

interface Reading {
  readonly context: GatewayContext;
  readonly request: IncomingMessage;
  readonly client: HookClient;
  readonly answer: HookAnswer;
}

interface Told {
  readonly event: HookEvent;
  readonly home: string;
  readonly servers: Readonly<Record<string, string>>;
}

const MOST_SERVERS = 200;

/** What the hook told; null when that was refused already. */
async function readTold({ context, request, client, answer }: Reading): Promise<Told | null> {
  const { argumentsBytes, depth } = context.point.settings().limits;
  const sizeBytes = argumentsBytes + context.limits.requestSlackBytes;
  const read = await readBody(request, sizeBytes);
  if (!read.ok) {
    if (read.why === "too_large") answer.problem("input.too_large", "the hook was given more than this gateway reads");
    return null;
  }
  const parsed = parseJson(read.bytes, { sizeBytes, depth: depth + MORE_DEPTH });
  if (!parsed.ok) {
    answer.problem(parsed.code, "what the hook was given is not strict JSON");
    return null;
  }
  const body: JsonObject = isJsonObject(parsed.value) ? parsed.value : {};
  const { home } = body;
  const event = readHookEvent(client, body["payload"]);
  if (!event.ok || typeof home !== "string" || !home.startsWith("/")) {
    answer.problem("input.invalid_json", event.ok ? "the hook does not name its home folder" : event.reason);
    return null;
  }
  return { event: event.event, home, servers: serversIn(body["servers"]) };
}

function serversIn(servers: Json | undefined): Readonly<Record<string, string>> {
  const entries = Object.entries(isJsonObject(servers) ? servers : {}).slice(0, MOST_SERVERS);
  return Object.fromEntries(
    entries.flatMap(([name, upstream]) => (typeof upstream === "string" ? [[name, upstream]] : [])),
  );
}

function ended({ status, result }: HookEvent & { readonly kind: "after" }): Parameters<Outcomes["settle"]>[2] {
  const bytes = result === undefined ? null : canonicalBytes(result);
  return { ok: true, status, value: null, bytes };
}

import type { IncomingMessage } from "node:http";
import { AppError, type Clock, type JsonObject, type Random, type TaskId } from "@countersign/core";
import { META } from "@countersign/gateway";
import { readBody, type Transport } from "../client/transport.ts";
import type { BridgeRequest, GatewayResponse, Send } from "../mcp-bridge/index.ts";
import { afterListChanged, refusalCodes, watched } from "./answer-body.ts";
import { GatewayPost } from "./gateway-post.ts";
import {
  answer,
  connectedAnswer,
  isCall,
  isStatusCall,
  localAnswer,
  refusedCall,
  type ShimMessage,
} from "./local-answers.ts";
import { type LocalRefusal, refusalOf } from "./local-refusal.ts";
import type { LiveTask, TaskLink } from "./task-link.ts";

export interface SendOptions {
  readonly link: Pick<TaskLink, "live" | "expired" | "ended">;
  readonly transport: Transport;
  /** Name of the upstream. */
  readonly upstream: string;
  readonly now: Clock;
  readonly random: Random;
}

const PROBLEM_BYTES = 65_536;

/**
 * Makes the `send` of the bridge: every message goes to the gateway with the credential of the live task and a proof of its own
 * (RFC 9449), or is answered here when there is no task. Rejects only with the abort of its signal.
 */
export function createSend(options: SendOptions): Send {
  const sender = new Sender(options);
  return async (request, signal) => await sender.send(request, signal);
}

type Headers = BridgeRequest["headers"];
interface Outgoing extends BridgeRequest {
  readonly signal: AbortSignal;
  readonly message: ShimMessage;
}

class Sender {
  readonly #options: SendOptions;
  readonly #gateway: GatewayPost;
  /** Sessions of the 2025 era, with the task that each belongs to. */
  readonly #sessions = new Map<string, TaskId>();
  /** A client of the 2025 era was shown the shim's own lists. */
  #listIsStale = false;

  constructor(options: SendOptions) {
    this.#options = options;
    this.#gateway = new GatewayPost(options);
  }

  async send(request: BridgeRequest, signal: AbortSignal): Promise<GatewayResponse> {
    const message = readMessage(request.body);
    const outgoing = { ...request, signal, message };
    const link = await this.#options.link.live(isCall(message));
    // Without a task there is no session, so it has no stream and no end.
    if (!link.ok && request.method !== "POST") return { status: 405, headers: { get: () => null }, body: null };
    if (!link.ok) return this.#answerHere(message, link.refusal);
    if (isStatusCall(message)) return this.#fromGateway(textResponse(200, connectedAnswer(message)), message);
    try {
      return await this.#forward(outgoing, link.task);
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError)) throw error;
      return this.#answerHere(message, refusalOf(error));
    }
  }

  async #forward(outgoing: Outgoing, task: LiveTask): Promise<GatewayResponse> {
    const first = await this.#post(outgoing, task);
    if (first.statusCode !== 401) return this.#taken(first, outgoing.message, task);
    const refused = await problemOf(first);
    if (refused["code"] !== "credential.expired") return problemAnswer(outgoing.message, refused);
    // The token ran out on the way or the gateway forgot this task: a fresh one, once.
    this.#options.link.expired(task);
    const link = await this.#options.link.live(isCall(outgoing.message));
    if (!link.ok) return this.#answerHere(outgoing.message, link.refusal);
    return this.#taken(await this.#post(outgoing, link.task), outgoing.message, link.task);
  }

  async #post({ method, body, headers, signal }: Outgoing, task: LiveTask): Promise<IncomingMessage> {
    return await this.#gateway.post(task, {
      method,
      path: `/mcp/${this.#options.upstream}`,
      headers: this.#withoutForeignSession(headers, task.id),
      body,
      signal,
    });
  }

  #taken(answered: IncomingMessage, message: ShimMessage, task: LiveTask): GatewayResponse {
    const session = answered.headers["mcp-session-id"];
    if (typeof session === "string") this.#sessions.set(session, task.id);
    const body = watched(answered, (text) => {
      if (refusalCodes(text).includes("task.ended")) this.#options.link.ended(task.id);
    });
    const status = answered.statusCode ?? 502;
    return this.#fromGateway({ status, headers: { get: (name) => headerOf(answered, name) }, body }, message);
  }

  /** The first answer after a time without tools tells a client of the 2025 era to list them again. */
  #fromGateway(response: GatewayResponse, { id, method, modern }: ShimMessage): GatewayResponse {
    if (!this.#listIsStale || modern || id === null || response.status !== 200 || response.body === null)
      return response;
    this.#listIsStale = false;
    if (method === "tools/list" || method === "initialize") return response;
    const stream = (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
    const get = (name: string): string | null =>
      name === "content-type" ? "text/event-stream" : response.headers.get(name);
    return { status: 200, headers: { get }, body: afterListChanged(response.body, stream) };
  }

  #answerHere(message: ShimMessage, refusal: LocalRefusal): GatewayResponse {
    const text = localAnswer(message, refusal);
    if (text === null) return { status: 202, headers: { get: () => null }, body: null };
    if (message.method?.endsWith("/list") === true && !message.modern) this.#listIsStale = true;
    return textResponse(200, text);
  }

  /** A session of an earlier task means nothing to the gateway; without one, a request of that era is served as well. */
  #withoutForeignSession(headers: Headers, task: TaskId): Headers {
    const { "mcp-session-id": session, ...rest } = headers;
    return session === undefined || this.#sessions.get(session) === task ? headers : rest;
  }
}

/** Reads a message leniently: it is the gateway that judges it. */
function readMessage(text: string): ShimMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const { id, method, params } = objectOf(value);
  const inner = objectOf(params);
  return {
    id: typeof id === "string" || typeof id === "number" ? id : null,
    method: typeof method === "string" ? method : null,
    params: inner,
    modern: typeof objectOf(inner["_meta"])[META.version] === "string",
  };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

async function problemOf(answered: IncomingMessage): Promise<JsonObject> {
  const bytes = await readBody(answered, PROBLEM_BYTES);
  try {
    return objectOf(JSON.parse(bytes.toString("utf8"))) as JsonObject;
  } catch {
    return {};
  }
}

/** What the gateway refused with HTTP 401: told to the agent as a refused call, to others as the bridge tells any problem. */
function problemAnswer(message: ShimMessage, problem: JsonObject): GatewayResponse {
  if (!isCall(message) || typeof problem["code"] !== "string" || message.id === null)
    return textResponse(401, JSON.stringify(problem), "application/problem+json");
  const { type: _type, title, status: _status, detail: _detail, ...refusal } = problem;
  const reason =
    typeof refusal["reason"] === "string"
      ? refusal["reason"]
      : typeof title === "string"
        ? title
        : "the credential was refused";
  const words = `DENIED ${problem["code"]}: ${reason}. Nothing was done. Start the client through \`countersign mcp\` again.`;
  return textResponse(200, answer(message, refusedCall(refusal, words)));
}

function textResponse(status: number, text: string, type = "application/json"): GatewayResponse {
  const bytes = Buffer.from(text, "utf8");
  return { status, headers: { get: (name) => (name === "content-type" ? type : null) }, body: once(bytes) };
}

// An async generator, because the body of an answer is read as one.
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : (value ?? null);
}

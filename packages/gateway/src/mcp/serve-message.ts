import type { IncomingMessage, ServerResponse } from "node:http";
import type { Claims, RefusedCall } from "@countersign/enforce";
import { answerMethod } from "./answer-method.ts";
import type { ClientMessage, ClientRequest } from "./client-message.ts";
import { resumed } from "./begun-conversation.ts";
import { EventChannel } from "./event-channel.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { isMethodAction } from "./method-call.ts";
import { RPC } from "./protocol.ts";
import { Reply } from "./reply.ts";
import { tellFault } from "./rpc-fault.ts";
import { taskOf } from "./requested-call.ts";
import { type ActionRequest, offerIn, runAction } from "./run-action.ts";
import { runListen } from "./run-listen.ts";
import { runSubscribe } from "./run-subscribe.ts";
import type { Session } from "./sessions.ts";

/** One HTTP request whose sender was looked at. */
export interface Exchange {
  readonly context: GatewayContext;
  readonly upstream: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly claims: Claims;
}

/** Serves one message. `fault`: it is a call that broke a rule of the input. */
export async function serveMessage(
  exchange: Exchange,
  message: ClientMessage,
  fault: RefusedCall | null,
): Promise<void> {
  const { context, upstream, request, response, claims } = exchange;
  const session = sessionOf(exchange, message);
  if (session === undefined) {
    const id = message.kind === "request" ? message.id : null;
    return tellFault(response, { status: 404, code: RPC.sessionUnknown, message: "session not found", id });
  }
  if (message.kind !== "request") return notice(exchange, message, session);
  const reply = replyTo(exchange, message, session);
  if (!isAcceptable(request)) {
    const what = "the client must accept application/json or text/event-stream";
    return tellFault(response, { status: 406, code: RPC.server, message: what, id: message.id });
  }
  const offer = offerIn(message, session);
  if (fault !== null || isAction(message)) {
    const action = { upstream, message, claims, session, offer, reply, header: headerOf(request), fault };
    return await serveAction(context, action);
  }
  const task = taskOf(claims);
  if (task === null) return reply.error({ code: RPC.internal, message: "the sender is not known" }, 500);
  const setHeader = (name: string, value: string): void => {
    response.setHeader(name, value);
  };
  await answerMethod(context, { upstream, task, message, session, offer, reply, setHeader });
}

/** Whether a request is decided and recorded. Subscriptions are of one era each. */
export function isAction({ method, era }: ClientRequest): boolean {
  if (method === "tools/call") return true;
  if (method === "resources/subscribe") return era === "legacy";
  if (method === "subscriptions/listen") return era === "modern";
  return isMethodAction(method);
}

async function serveAction(context: GatewayContext, action: ActionRequest): Promise<void> {
  const { message } = action;
  if (action.fault === null && message.method === "resources/subscribe") return await runSubscribe(context, action);
  if (action.fault === null && message.method === "subscriptions/listen") return await runListen(context, action);
  if (action.fault !== null || message.era === "legacy" || message.params["requestState"] === undefined)
    return await runAction(context, action);
  const fault = resumed(context, action);
  if (fault !== null) await runAction(context, { ...action, fault });
}

function isAcceptable(request: IncomingMessage): boolean {
  const { json, stream } = acceptsOf(request);
  return json || stream;
}

function headerOf({ headers }: IncomingMessage): (name: string) => string | undefined {
  return (name) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };
}

/** The session that a message names; null without one, undefined when there is no such session of this task. */
function sessionOf(
  { context, upstream, request, claims }: Exchange,
  message: ClientMessage,
): Session | null | undefined {
  const id = request.headers["mcp-session-id"];
  const modern = message.kind !== "response" && message.era === "modern";
  const begins = message.kind === "request" && message.method === "initialize";
  if (typeof id !== "string" || modern || begins || !claims.ok || claims.chain.task === null) return null;
  return context.sessions.find(id, claims.chain.task, upstream) ?? undefined;
}

/** What a client may tell and that means nothing here: each request proves its sender anew, and roots are asked for when they are needed. */
const HEARD: ReadonlySet<string> = new Set([
  "notifications/initialized",
  "notifications/progress",
  "notifications/roots/list_changed",
]);

function notice(exchange: Exchange, message: Exclude<ClientMessage, ClientRequest>, session: Session | null): void {
  const { context, claims, response } = exchange;
  const refuse = (what: string): void =>
    tellFault(response, { status: 400, code: RPC.invalidRequest, message: what, id: null });
  if (message.kind === "response") {
    const known = session !== null && context.questions.answer(session.id, message.id, message.result);
    if (!known) return refuse("nothing that was asked waits for this answer");
  } else if (message.method === "notifications/cancelled") {
    const id = message.params["requestId"];
    const task = taskOf(claims);
    if (task !== null && (typeof id === "string" || typeof id === "number"))
      context.inFlight.cancel({ task, session: session?.id ?? "", id });
  } else if (!HEARD.has(message.method)) {
    return refuse(`\`${message.method.slice(0, 100)}\` is not served by this gateway`);
  }
  response.writeHead(202).end();
}

function replyTo({ context, request, response }: Exchange, { era, id }: ClientRequest, session: Session | null): Reply {
  const { streamAfterMs, resumeMs } = context.limits;
  const channel = (): EventChannel => session?.streams.make(false) ?? new EventChannel({ name: null, resumeMs });
  return new Reply(response, { era, id, accepts: acceptsOf(request), streamAfterMs, channel });
}

function acceptsOf({ headers }: IncomingMessage): { readonly json: boolean; readonly stream: boolean } {
  const accept = headers.accept?.toLowerCase() ?? "*/*";
  const all = accept.includes("*/*");
  return { json: all || accept.includes("application/json"), stream: all || accept.includes("text/event-stream") };
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Claims, RefusedCall } from "@countersign/enforce";
import { answerMethod } from "./answer-method.ts";
import type { ClientMessage, ClientRequest } from "./client-message.ts";
import { methodAction } from "./form-call.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { RPC } from "./protocol.ts";
import { Reply } from "./reply.ts";
import { tellFault } from "./rpc-fault.ts";
import { taskOf } from "./requested-call.ts";
import { runAction } from "./run-action.ts";

/** One HTTP request whose sender was looked at. */
export interface Exchange {
  readonly context: GatewayContext;
  readonly upstream: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly claims: Claims;
}

/** Actions of MCP that are not carried yet: each try is decided and recorded like a call, and refused by its name. */
const UNCARRIED = new Set([
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "prompts/get",
  "completion/complete",
  "subscriptions/listen",
]);

/** Serves one message. `fault`: it is a call that broke a rule of the input. */
export async function serveMessage(
  exchange: Exchange,
  message: ClientMessage,
  fault: RefusedCall | null,
): Promise<void> {
  const { context, upstream, request, response, claims } = exchange;
  const session = sessionOf(exchange, message);
  if (session === null) {
    const id = message.kind === "request" ? message.id : null;
    return tellFault(response, { status: 404, code: RPC.sessionUnknown, message: "session not found", id });
  }
  if (message.kind !== "request") {
    notice(exchange, message, session);
    response.writeHead(202).end();
    return;
  }
  const reply = replyTo(exchange, message);
  if (!isAcceptable(request)) {
    const what = "the client must accept application/json or text/event-stream";
    return tellFault(response, { status: 406, code: RPC.server, message: what, id: message.id });
  }
  const refused = fault ?? (UNCARRIED.has(message.method) ? uncarriedCall(upstream, message.method) : null);
  if (message.method === "tools/call" || refused !== null) {
    const gone = goneSignal(response);
    return await runAction(context, {
      upstream,
      message,
      claims,
      session,
      reply,
      header: headerOf(request),
      gone,
      fault: refused,
    });
  }
  const task = taskOf(claims);
  if (task === null) return reply.error({ code: RPC.internal, message: "the sender is not known" }, 500);
  const setHeader = (name: string, value: string): void => {
    response.setHeader(name, value);
  };
  await answerMethod(context, { upstream, task, message, reply, setHeader });
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

/** The session that a message names: its id, empty without one, null when there is no such session of this task. */
function sessionOf({ context, upstream, request, claims }: Exchange, message: ClientMessage): string | null {
  const id = request.headers["mcp-session-id"];
  const modern = message.kind !== "response" && message.era === "modern";
  const begins = message.kind === "request" && message.method === "initialize";
  if (typeof id !== "string" || modern || begins || !claims.ok || claims.chain.task === null) return "";
  return context.sessions.find(id, claims.chain.task, upstream)?.id ?? null;
}

/** Of all that a client may tell, only that it cancels a request means something here. */
function notice({ context, claims }: Exchange, message: ClientMessage, session: string): void {
  if (message.kind !== "notification" || message.method !== "notifications/cancelled") return;
  const id = message.params["requestId"];
  if (!claims.ok || claims.chain.task === null) return;
  if (typeof id === "string" || typeof id === "number")
    context.inFlight.cancel({ task: claims.chain.task, session, id });
}

function uncarriedCall(upstream: string, method: string): RefusedCall {
  const refused = {
    step: "tool",
    code: "tool.unknown",
    reason: `\`${method}\` is not carried by this gateway yet`,
  } as const;
  return { refused, action: methodAction(upstream, method), resource: `mcp:${upstream}` };
}

function replyTo({ context, request, response }: Exchange, { era, id }: ClientRequest): Reply {
  const { streamAfterMs } = context.limits;
  return new Reply(response, { era, id, accepts: acceptsOf(request), streamAfterMs });
}

function acceptsOf({ headers }: IncomingMessage): { readonly json: boolean; readonly stream: boolean } {
  const accept = headers.accept?.toLowerCase() ?? "*/*";
  const all = accept.includes("*/*");
  return { json: all || accept.includes("application/json"), stream: all || accept.includes("text/event-stream") };
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const closed = (): void => {
    if (!response.writableFinished) controller.abort();
  };
  if (response.closed) closed();
  else response.once("close", closed);
  return controller.signal;
}

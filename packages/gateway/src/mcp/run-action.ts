import { AppError, type Call, problemOf } from "@countersign/core";
import { type Claims, type RefusedCall, type Releaser, namesOf } from "@countersign/enforce";
import { type Begun, conversationOf } from "./begun-conversation.ts";
import type { ClientMessage, ClientRequest } from "./client-message.ts";
import { type ClientOffer, NO_OFFER, offerOf } from "./client-offer.ts";
import type { ClientPartial } from "./client-partial.ts";
import type { Conversation } from "./conversation.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { mirroredParams, paramMismatch } from "./param-headers.ts";
import { META, RPC } from "./protocol.ts";
import { tellRefusal } from "./refusal-answer.ts";
import type { Reply } from "./reply.ts";
import { requestedCall, taskOf } from "./requested-call.ts";
import type { Session } from "./sessions.ts";
import { traceContextOf } from "./trace-context.ts";
import { UpstreamEffector, type EffectorOptions, type UpstreamSaid } from "./upstream-effector.ts";
import { isLogLevel } from "./upstream/listener.ts";
import { WAIT_TOOL, asToolResult } from "./wait-tool.ts";

/** One request that is an action, with what is known of its sender. */
export interface ActionRequest {
  readonly upstream: string;
  readonly message: ClientRequest;
  readonly claims: Claims;
  /** The session of the 2025 era that it belongs to. */
  readonly session: Session | null;
  /** What its client may be asked. */
  readonly offer: ClientOffer;
  readonly reply: Reply;
  readonly header: (name: string) => string | undefined;
  /** What keeps the request from being a call at all; it is recorded and refused for that. */
  readonly fault: RefusedCall | null;
}

/** Takes one action through the enforcement point and tells the client what came of it. Never rejects. */
export async function runAction(context: GatewayContext, request: ActionRequest): Promise<void> {
  const { claims, session, message, reply } = request;
  const key = { task: taskOf(claims) ?? "-", session: session?.id ?? "", id: message.id };
  const controller = context.inFlight.begin(key);
  if (controller === null) return tooMany(reply);
  const begun = conversationOf(context, request, controller);
  const effector = new UpstreamEffector(context, effectorOptions(request, begun.conversation));
  try {
    const { upstream, offer } = request;
    const { method, params } = message;
    const formed =
      request.fault === null
        ? await requestedCall(context, { upstream, method, offer, params, claims })
        : { call: request.fault };
    if (headersDisagree(context, request, formed.call)) return;
    const releaser = releaserOf(context, request, { ...begun, call: formed.call });
    await context.point.enforce({ claims, signal: controller.signal, ...formed }, effector, releaser);
  } catch (error) {
    context.log.error({ err: error }, "action failed");
    begun.tell((there) =>
      there.error({ code: RPC.internal, message: "the gateway failed; look before you try again" }, 500),
    );
  } finally {
    effector.dispose();
    begun.leave();
    context.inFlight.end(key, controller);
    // Whoever was not answered had cancelled.
    begun.conversation.reply?.end();
  }
}

function effectorOptions(
  { claims, offer, message, session }: ActionRequest,
  conversation: Conversation,
): EffectorOptions {
  const level = message.meta[META.logLevel];
  const legacy = { level: session?.logLevel ?? "info", asked: session !== null && session.logLevel !== null } as const;
  const modern = isLogLevel(level) ? { level, asked: true } : null;
  return {
    task: taskOf(claims),
    offer,
    wantsProgress: progressToken(message) !== null,
    logs: message.era === "modern" ? modern : legacy,
    trace: traceContextOf(message.meta),
    conversation,
  };
}

function progressToken({ meta }: ClientRequest): string | number | null {
  const token = meta["progressToken"];
  return typeof token === "string" || typeof token === "number" ? token : null;
}

/** MCP 2026-07-28: arguments that a tool wants in headers must say there what they say in the body. */
function headersDisagree(
  context: GatewayContext,
  { message, header, reply }: ActionRequest,
  call: Call | RefusedCall,
): boolean {
  if (
    message.era !== "modern" ||
    "refused" in call ||
    call.toolDefinitionHash === null ||
    message.params["name"] === WAIT_TOOL
  )
    return false;
  const definition = context.definitions.get(call.tool, call.toolDefinitionHash);
  const wrong = paramMismatch(mirroredParams(definition?.definition["inputSchema"]), call.arguments, header);
  if (wrong === null) return false;
  reply.error({ code: RPC.headerMismatch, message: `the header ${wrong} does not say what the arguments say` }, 400);
  return true;
}

function releaserOf(
  context: GatewayContext,
  { message, claims, fault }: ActionRequest,
  { conversation, tell, call }: Begun & { readonly call: Call | RefusedCall },
): Releaser<UpstreamSaid> {
  const isTool = message.method === "tools/call";
  // INV-3: what a stop covers is cut off even when it was written already.
  let watched: Reply | null = null;
  const watch = (): void => {
    const { reply } = conversation;
    if (!claims.ok || reply === null || reply === watched) return;
    watched = reply;
    context.unread.add({ chain: claims.chain, resources: namesOf(call), reply });
  };
  return {
    partial: (value) => {
      tellPartial(value as ClientPartial, conversation, progressToken(message));
      watch();
    },
    answer: (said) => {
      const { reply } = conversation;
      if (reply === null) return;
      if ("error" in said) reply.error(said.error);
      else if (isTool && "method" in call && call.method !== "tools/call")
        reply.result(asToolResult(said.result, reply.era));
      else reply.result(said.result.pieces(reply.era));
      watch();
    },
    refusal: (refusal, detail) =>
      tell((reply) => {
        const stale = fault?.refused.code === "input.invalid_json" && message.params["requestState"] !== undefined;
        if (stale && refusal.step === "input")
          reply.error({ code: RPC.invalidParams, message: refusal.reason, data: refusal });
        else tellRefusal(context, { reply, asTool: isTool }, { refusal, detail });
      }),
  };
}

function tellPartial(partial: ClientPartial, conversation: Conversation, token: string | number | null): void {
  if (partial.kind === "questions") return conversation.show();
  if (partial.kind !== "notice") return;
  const { method, params } = partial.notice;
  const about = method === "notifications/progress" ? { progressToken: token, ...params } : params;
  conversation.reply?.notification(JSON.stringify({ jsonrpc: "2.0", method, params: about }));
}

/** What the sender of a message may be asked, by what it declared in `initialize`, or in the message itself. */
export function offerIn(message: ClientMessage, session: Session | null): ClientOffer {
  if (message.kind === "request" && message.era === "modern") return offerOf(message.meta[META.clientCapabilities]);
  return session?.offer ?? NO_OFFER;
}

/** Tells that a task has as many calls under way as it may. */
export function tooMany(reply: Reply): void {
  const error = new AppError("request.too_many", { detail: "too many calls are under way; wait for some to end" });
  reply.problem(429, problemOf(error), { "retry-after": "1" });
}

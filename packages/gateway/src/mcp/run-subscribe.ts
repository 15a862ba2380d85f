import { AppError, problemOf } from "@countersign/core";
import type { Releaser } from "@countersign/enforce";
import type { ClientPartial } from "./client-partial.ts";
import { type GatewayContext, activeUpstream } from "./gateway-context.ts";
import { formMethodCall } from "./method-call.ts";
import { RPC } from "./protocol.ts";
import { tellRefusal } from "./refusal-answer.ts";
import { taskOf } from "./requested-call.ts";
import type { ActionRequest } from "./run-action.ts";
import type { Session } from "./sessions.ts";
import { SubscriptionEffector, uriOf } from "./subscription-effector.ts";
import type { UpstreamSaid } from "./upstream-effector.ts";

/**
 * `resources/subscribe` of the 2025 era: answered when the upstream has taken it, and under way as an action until it is taken back; what
 * it brings goes over the stream of the session. Never rejects.
 */
export async function runSubscribe(context: GatewayContext, request: ActionRequest): Promise<void> {
  const { claims, message, reply, session, upstream } = request;
  if (session === null && claims.ok) {
    const why = "a subscription needs the session that `initialize` begins: its changes come over the session's stream";
    return reply.error({ code: RPC.invalidRequest, message: why });
  }
  const { argumentsBytes } = context.point.settings().limits;
  const record = activeUpstream(context, upstream);
  const call = formMethodCall(message.method, message.params, { upstream, record, argumentsBytes });
  const task = taskOf(claims);
  const uri = "refused" in call ? "" : uriOf(call);
  const controller =
    task === null ? new AbortController() : context.subscriptions.begin({ task, session: session?.id ?? "", uri });
  if (controller === null) {
    const error = new AppError("request.too_many", { detail: "the task has too many subscriptions; take some back" });
    return reply.problem(429, problemOf(error), { "retry-after": "1" });
  }
  reply.onceGone(() => controller.abort());
  const effector = new SubscriptionEffector(context, { task, offer: request.offer });
  const releaser = releaserOf(context, request, controller);
  try {
    await context.point.enforce({ claims, call, signal: controller.signal }, effector, releaser);
  } finally {
    effector.dispose();
    controller.abort();
    reply.end();
  }
}

function releaserOf(
  context: GatewayContext,
  { reply, session }: ActionRequest,
  controller: AbortController,
): Releaser<UpstreamSaid> {
  let began = false;
  return {
    partial: (value) => {
      const partial = value as ClientPartial;
      if (partial.kind === "subscribed") {
        began = true;
        reply.result([Buffer.from("{}")]);
      }
      if (partial.kind === "changed")
        standingOf(session)?.event([Buffer.from(JSON.stringify(notificationOf(partial)), "utf8")]);
    },
    answer: (said) => {
      if (!began && "error" in said) reply.error(said.error);
    },
    refusal: (refusal, detail) => {
      if (!began) return tellRefusal(context, { reply, asTool: false }, { refusal, detail });
      // The subscription is over and its client must not believe otherwise: its session is too, and it begins anew.
      if (session !== null && !controller.signal.aborted) context.sessions.end(session.id);
    },
  };
}

function standingOf(session: Session | null): Session["streams"]["standing"] {
  return session?.streams.standing ?? null;
}

function notificationOf({ method, uri }: Extract<ClientPartial, { kind: "changed" }>): object {
  return { jsonrpc: "2.0", method, ...(uri === null ? {} : { params: { uri } }) };
}

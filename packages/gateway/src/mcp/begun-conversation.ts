import { canonicalJson } from "@countersign/core";
import type { RefusedCall } from "@countersign/enforce";
import { type Conversation, LiveConversation } from "./conversation.ts";
import { methodAction } from "./form-call.ts";
import type { GatewayContext } from "./gateway-context.ts";
import type { Parkable } from "./parked-actions.ts";
import { ParkedConversation } from "./parked-conversation.ts";
import type { Reply } from "./reply.ts";
import { taskOf } from "./requested-call.ts";
import type { ActionRequest } from "./run-action.ts";

/** The client's side of an action that was begun. */
export interface Begun {
  readonly conversation: Conversation;
  /** Tells how the action ended: now, or to a client that comes back for it. */
  readonly tell: (last: (reply: Reply) => void) => void;
  readonly leave: () => void;
}

/** How the client of an action is asked and told: of 2025 while its request waits, of 2026 over as many requests as that takes. */
export function conversationOf(context: GatewayContext, request: ActionRequest, controller: AbortController): Begun {
  const { reply, session, message } = request;
  const giveUp = (): void => controller.abort();
  if (message.era === "legacy") {
    reply.onceGone(giveUp);
    const options = { reply, session: session?.id ?? "", questions: context.questions, askMs: context.limits.askMs };
    return { conversation: new LiveConversation(options), tell: (last) => last(reply), leave: () => undefined };
  }
  let park: string | null = null;
  const conversation = new ParkedConversation({
    reply,
    brought: message.params["inputResponses"],
    park: (round) => {
      const place = parkable(request);
      if (place === null) return null;
      park ??= context.parked.enter(place, conversation);
      return park === null ? null : context.parked.state(park, round, place);
    },
    parkMs: context.limits.parkMs,
    giveUp,
  });
  const leave = (): void => {
    if (park === null) return;
    if (conversation.reply === null) context.parked.leaveLater(park);
    else context.parked.leave(park);
  };
  return { conversation, tell: (last) => conversation.tell(last), leave };
}

/** What a request that comes back with an answer must be the same in. */
function parkable({ claims, upstream, message }: ActionRequest): Parkable | null {
  const task = taskOf(claims);
  if (task === null) return null;
  const { inputResponses: _, requestState: __, _meta: ___, ...same } = message.params;
  return { task, upstream, request: canonicalJson({ method: message.method, ...same }) };
}

/**
 * A client of 2026 comes back with the answer to a question: its action goes on. Null: it was taken up; else why not, and that is recorded
 * and refused. A state is good once, for its own task, upstream and request.
 */
export function resumed(context: GatewayContext, request: ActionRequest): RefusedCall | null {
  const { message, upstream, reply } = request;
  const { requestState, inputResponses } = message.params;
  const place = parkable(request);
  if (typeof requestState === "string" && place !== null) {
    const conversation = context.parked.find(requestState, place);
    if (conversation?.resume(reply, inputResponses) === true) return null;
  }
  const reason =
    "the request state is not of this task and request, was used before, or has ended; make the request without it";
  const action = methodAction(upstream, message.method);
  return { refused: { step: "input", code: "input.invalid_json", reason }, action, resource: `mcp:${upstream}` };
}

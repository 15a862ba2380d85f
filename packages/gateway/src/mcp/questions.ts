import { type Call, type Json, type TaskId, isJsonObject } from "@countersign/core";
import type { Exchange } from "@countersign/enforce";
import type { InputRequired } from "./action-result.ts";
import type { ClientOffer } from "./client-offer.ts";
import type { Conversation } from "./conversation.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { grantableOf } from "./grantable.ts";
import { RPC } from "./protocol.ts";
import { type Answered, type Question, readAnswer, readQuestion } from "./question.ts";
import type { AnswerToAsked, Asked } from "./upstream/listener.ts";

export interface QuestionsOptions {
  readonly call: Call;
  readonly task: TaskId | null;
  readonly offer: ClientOffer;
  readonly conversation: Conversation;
  /** What was asked and answered, for the outcome. */
  readonly exchanges: Exchange[];
  readonly show: () => void;
  /** Aborted when the action is over. */
  readonly signal: AbortSignal;
}

/** Questions of one upstream within one action, all eras alike. */
const MAX_QUESTIONS = 32;

/** What one upstream asks the agent's client within one action: looked at, asked, written down. */
export class Questions {
  readonly #context: GatewayContext;
  readonly #options: QuestionsOptions;
  #asked = 0;
  #declined = false;

  constructor(context: GatewayContext, options: QuestionsOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** A single question of an upstream of 2025. Never rejects. */
  async one({ method, params, signal }: Asked): Promise<AnswerToAsked> {
    const answers = await this.#ask([["", method, params]], AbortSignal.any([signal, this.#options.signal]));
    const answered = answers?.get("") ?? { ok: false, code: RPC.internal, message: "the client did not answer" };
    return answered.ok ? { result: answered.result } : { error: { code: answered.code, message: answered.message } };
  }

  /** All questions of an `input_required`; what goes back with the request, in JSON. */
  async all(
    input: InputRequired,
  ): Promise<
    { readonly ok: true; readonly members: readonly string[] } | { readonly ok: false; readonly reason: string }
  > {
    const asked = Object.entries(input.inputRequests).map(([key, request]) => {
      const { method, params } = isJsonObject(request) ? request : {};
      return [key, typeof method === "string" ? method : "unknown", params] as const;
    });
    const answers = asked.length === 0 ? new Map<string, Answered>() : await this.#ask(asked, this.#options.signal);
    if (answers === null) return { ok: false, reason: "the client did not answer what the upstream asks" };
    const responses: Record<string, Json> = {};
    for (const [key, answer] of answers) {
      if (!answer.ok) return { ok: false, reason: `the upstream asks for what it cannot have: ${answer.message}` };
      responses[key] = answer.result;
    }
    const { requestState } = input;
    const members = asked.length === 0 ? [] : [`"inputResponses":${JSON.stringify(responses)}`];
    return {
      ok: true,
      members: requestState === null ? members : [...members, `"requestState":${JSON.stringify(requestState)}`],
    };
  }

  async #ask(
    asked: readonly (readonly [string, string, unknown])[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Answered> | null> {
    const { call, conversation, offer, show } = this.#options;
    const answers = new Map<string, Answered>();
    const questions = new Map<string, Question>();
    this.#asked += asked.length;
    const ownOrigin = ownOriginOf(this.#context);
    for (const [key, method, params] of asked) {
      const read =
        this.#asked > MAX_QUESTIONS
          ? ({ ok: false, code: RPC.server, message: "the upstream asks too much" } as const)
          : readQuestion(method, params, { upstream: call.upstream, offer, declined: this.#declined, ownOrigin });
      if (!read.ok) answers.set(key, read);
      else if ("answer" in read) answers.set(key, { ok: true, result: read.answer });
      else questions.set(key, read.question);
    }
    // One that cannot be asked spoils the round: nobody is bothered with the others.
    if ([...answers.values()].some(({ ok }) => !ok) || questions.size === 0) return answers;
    const read = (method: string, value: Json | undefined): Answered => this.#read(method, value);
    const noted = new Map([...questions].map(([key, question]) => [key, this.#noteAsked(question)]));
    const given = await conversation.ask(questions, { show, read, signal });
    for (const [key, answered] of given ?? []) noted.get(key)?.(answered);
    return given === null ? null : new Map([...answers, ...given]);
  }

  #read(method: string, value: Json | undefined): Answered {
    const { call, task } = this.#options;
    const mayTell = (uri: string): boolean =>
      task !== null && grantableOf(this.#context, task, call.upstream).root(uri);
    return readAnswer(method, value, mayTell);
  }

  /** Writes a question down before it is asked, and then its answer: an upstream may answer its call without waiting for it. */
  #noteAsked({ method, params }: Question): (answered: Answered) => void {
    const exchange: { -readonly [K in keyof Exchange]: Exchange[K] } = {
      method,
      question: bytesOf(params),
      answer: null,
    };
    this.#options.exchanges.push(exchange);
    return (answered) => {
      if (!answered.ok) return;
      exchange.answer = bytesOf(answered.result);
      // A person who said no is not asked again within this action.
      if (method === "elicitation/create" && answered.result["action"] !== "accept") this.#declined = true;
    };
  }
}

/** Where Countersign's own pages are. */
export function ownOriginOf({ point }: Pick<GatewayContext, "point">): string {
  return new URL(point.settings().publicUrl).origin;
}

function bytesOf(value: Json): Buffer {
  return Buffer.from(JSON.stringify(value), "utf8");
}

import { type Json, type JsonObject, isJsonObject } from "@countersign/core";
import type { AskOptions, Conversation } from "./conversation.ts";
import { type Answered, type Question, inEra } from "./question.ts";
import { RPC } from "./protocol.ts";
import type { Reply } from "./reply.ts";

export interface ParkOptions {
  readonly reply: Reply;
  /** Answers that the client sent along with its request, before it was asked. */
  readonly brought: Json | undefined;
  /** Finds a place to wait in and gives the state for the next round; null when there is none. */
  readonly park: (round: number) => string | null;
  /** How long a client may take to come back. Milliseconds. */
  readonly parkMs: number;
  /** Gives the action up: its client did not come back, or the rounds do not end. */
  readonly giveUp: () => void;
}

interface Waiting {
  readonly question: Question;
  readonly options: AskOptions;
  readonly settle: (answer: Answered | null) => void;
  shown: boolean;
}

const MAX_ROUNDS = 16;

/**
 * A client of the 2026 era is asked by an answer, and comes back with a new request (`input_required`). The action itself waits meanwhile,
 * whatever era its upstream is of: one action, one intent, one outcome.
 */
export class ParkedConversation implements Conversation {
  readonly #options: ParkOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #brought: JsonObject;
  #reply: Reply | null;
  #round = 0;
  #made = 0;
  #answered = false;
  #timer: NodeJS.Timeout | undefined;
  #onAttended: (() => void)[] = [];
  #last: ((reply: Reply) => void) | null = null;

  constructor(options: ParkOptions) {
    this.#options = options;
    this.#brought = isJsonObject(options.brought) ? options.brought : {};
    this.#reply = options.reply;
    this.#watch(options.reply);
  }

  get reply(): Reply | null {
    return this.#reply;
  }
  get round(): number {
    return this.#round;
  }
  async attended(): Promise<void> {
    this.#answered = true;
    if (this.#reply !== null) return;
    await new Promise<void>((resolve) => this.#onAttended.push(resolve));
  }

  async ask(
    questions: ReadonlyMap<string, Question>,
    options: AskOptions,
  ): Promise<ReadonlyMap<string, Answered> | null> {
    const asked = [...questions].map(
      async ([key, question]) => [key, await this.#askOne(key, question, options)] as const,
    );
    if ([...this.#waiting.values()].some(({ shown }) => !shown)) options.show();
    const answers = await Promise.all(asked);
    const whole = answers.flatMap(([key, answer]) => (answer === null ? [] : [[key, answer] as const]));
    return whole.length === answers.length ? new Map(whole) : null;
  }

  show(): void {
    const reply = this.#reply;
    if (reply === null || this.#answered || this.#waiting.size === 0) return;
    this.#round += 1;
    const requestState = this.#round > MAX_ROUNDS ? null : this.#options.park(this.#round);
    if (requestState === null) {
      const message = "too many questions of servers wait for an answer; answer those first, or do without this call";
      reply.error({ code: RPC.server, message });
      return this.#options.giveUp();
    }
    for (const waiting of this.#waiting.values()) waiting.shown = true;
    const inputRequests = Object.fromEntries(
      [...this.#waiting].map(([key, { question }]) => [key, { ...inEra(question, "modern", key) }]),
    );
    this.#reply = null;
    this.#timer = setTimeout(() => this.#options.giveUp(), this.#options.parkMs);
    const result = { resultType: "input_required", inputRequests, requestState };
    reply.result([Buffer.from(JSON.stringify(result), "utf8")]);
  }

  /** The client came back. False when somebody is there already. */
  resume(reply: Reply, responses: Json | undefined): boolean {
    if (this.#reply !== null) return false;
    clearTimeout(this.#timer);
    this.#reply = reply;
    this.#watch(reply);
    if (this.#last !== null) {
      this.#last(reply);
      return true;
    }
    for (const callback of this.#onAttended.splice(0)) callback();
    const given = isJsonObject(responses) ? responses : {};
    for (const [key, waiting] of this.#waiting) if (waiting.shown) this.#take(key, waiting, given);
    // What was not answered is asked again, and what came up meanwhile for the first time.
    const [open] = this.#waiting.values();
    open?.options.show();
    return true;
  }

  /** Tells how the action ended: now, or to a client that comes back for it. */
  tell(last: (reply: Reply) => void): void {
    clearTimeout(this.#timer);
    if (this.#reply === null) this.#last = last;
    else last(this.#reply);
  }

  async #askOne(name: string, question: Question, options: AskOptions): Promise<Answered | null> {
    const brought = Object.hasOwn(this.#brought, name) ? options.read(question.method, this.#brought[name]) : null;
    if (this.#round === 0 && brought?.ok === true) return brought;
    const key = this.#keyFor(name);
    return await new Promise((resolve) => {
      const lost = (): void => {
        this.#waiting.delete(key);
        resolve(null);
      };
      const settle = (answer: Answered | null): void => {
        options.signal.removeEventListener("abort", lost);
        this.#waiting.delete(key);
        resolve(answer);
      };
      this.#waiting.set(key, { question, options, settle, shown: false });
      if (options.signal.aborted) lost();
      else options.signal.addEventListener("abort", lost, { once: true });
    });
  }

  /** An upstream of 2026 names its questions; two of the same name at a time can only come from 2025, where they have none. */
  #keyFor(name: string): string {
    if (name !== "" && !this.#waiting.has(name)) return name;
    this.#made += 1;
    return `question-${String(this.#made)}`;
  }

  #take(key: string, { question, options, settle }: Waiting, given: JsonObject): void {
    if (!Object.hasOwn(given, key)) return;
    const answer = options.read(question.method, given[key]);
    if (answer.ok) settle(answer);
  }

  #watch(reply: Reply): void {
    reply.onceGone(() => {
      if (this.#reply === reply) this.#options.giveUp();
    });
  }
}

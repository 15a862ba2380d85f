import type { Json } from "@countersign/core";
import { type Answered, type Question, inEra } from "./question.ts";
import type { Reply } from "./reply.ts";

export interface AskOptions {
  /** Has the questions shown, if the enforcement point lets them pass. */
  readonly show: () => void;
  readonly read: (method: string, value: Json | undefined) => Answered;
  /** The upstream takes its questions back, or the action is over. */
  readonly signal: AbortSignal;
}

/** The client's side of one action, as far as questions go. What is shown has passed the enforcement point in the same tick. */
export interface Conversation {
  /** Asks the client; null: it was not answered and will not be. */
  ask(questions: ReadonlyMap<string, Question>, options: AskOptions): Promise<ReadonlyMap<string, Answered> | null>;
  /** Writes what was asked and not shown yet. */
  show(): void;
  /** The upstream has answered: nothing more is asked. Resolves when a client is there to take the answer. */
  attended(): Promise<void>;
  /** Where the answer goes; null while nobody is there. */
  readonly reply: Reply | null;
}

interface Open {
  readonly settle: (value: { readonly result: Json | undefined } | null) => void;
}

/** Questions that clients of the 2025 era were asked and have not answered, by session. */
export class OpenQuestions {
  readonly #open = new Map<string, Open>();
  #made = 0;

  /** The id under which a session is asked next. */
  open(session: string, settle: Open["settle"]): string {
    this.#made += 1;
    const id = `countersign-${String(this.#made)}`;
    this.#open.set(`${session}\n${id}`, { settle });
    return id;
  }

  close(session: string, id: string): void {
    this.#open.delete(`${session}\n${id}`);
  }

  /** Takes in what a client answered; false when it was asked nothing under that id, or has answered before. `result` undefined: it failed. */
  answer(session: string, id: Json | undefined, result: Json | undefined): boolean {
    if (typeof id !== "string") return false;
    const key = `${session}\n${id}`;
    const open = this.#open.get(key);
    this.#open.delete(key);
    open?.settle({ result });
    return open !== undefined;
  }

  get size(): number {
    return this.#open.size;
  }
}

export interface LiveOptions {
  readonly reply: Reply;
  /** Id of the session; empty: there is none, and nothing can be asked. */
  readonly session: string;
  readonly questions: OpenQuestions;
  readonly askMs: number;
}

/** A client of the 2025 era is asked while its request waits: over the stream of the answer, under an id of ours. */
export class LiveConversation implements Conversation {
  readonly #options: LiveOptions;
  #unshown: string[] = [];

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get reply(): Reply {
    return this.#options.reply;
  }
  attended(): Promise<void> {
    return Promise.resolve();
  }

  async ask(
    questions: ReadonlyMap<string, Question>,
    options: AskOptions,
  ): Promise<ReadonlyMap<string, Answered> | null> {
    const { reply, session } = this.#options;
    if (session === "" || !reply.streams) return null;
    const asked = [...questions].map(async ([key, question]) => [key, await this.#askOne(question, options)] as const);
    options.show();
    const answers = await Promise.all(asked);
    const whole = answers.flatMap(([key, answer]) => (answer === null ? [] : [[key, answer] as const]));
    return whole.length === answers.length ? new Map(whole) : null;
  }

  show(): void {
    for (const text of this.#unshown.splice(0)) this.#options.reply.message(text);
  }

  async #askOne(question: Question, { read, signal }: AskOptions): Promise<Answered | null> {
    const { session, questions, askMs, reply } = this.#options;
    const { method } = question;
    return await new Promise((resolve) => {
      const end = (value: { readonly result: Json | undefined } | null): void => {
        clearTimeout(timer);
        questions.close(session, id);
        signal.removeEventListener("abort", lost);
        resolve(value === null ? null : read(method, value.result));
      };
      const lost = (): void => {
        const taken = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } };
        reply.notification(JSON.stringify(taken));
        end(null);
      };
      const id = questions.open(session, end);
      const timer = setTimeout(lost, askMs);
      const { params } = inEra(question, "legacy", id);
      this.#unshown.push(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
      if (signal.aborted) lost();
      else signal.addEventListener("abort", lost, { once: true });
    });
  }
}

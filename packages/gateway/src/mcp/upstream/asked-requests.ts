import { RPC, type RequestId } from "../protocol.ts";
import type { AnswerToAsked, Listener } from "./listener.ts";

export interface AskedRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: unknown;
}
/** Sends an answer; `permitted` is asked in the tick of the write. */
export type SendAnswer = (id: RequestId, answer: AnswerToAsked, permitted: () => boolean) => void;

/** Requests of an upstream to us that are answered at all. */
const MAX_ASKED = 10_000;
const MAX_WAITING = 32;
const CARRIED: ReadonlySet<string> = new Set(["sampling/createMessage", "elicitation/create", "roots/list"]);
const always = (): boolean => true;

/**
 * What an upstream asks for: passed to the client of the action that it belongs to, or refused by name at once, so that it never waits for
 * us. Outside of an action nothing is passed on: it would be recorded nowhere.
 */
export class AskedRequests {
  readonly #send: SendAnswer;
  readonly #waiting = new Map<RequestId, AbortController>();
  #asked = 0;

  constructor(send: SendAnswer) {
    this.#send = send;
  }

  /** False when the upstream asks too much altogether. */
  take({ id, method, params }: AskedRequest, listener: Listener | null): boolean {
    this.#asked += 1;
    if (this.#asked > MAX_ASKED) return false;
    const refuse = (code: number, message: string): true => {
      this.#send(id, { error: { code, message } }, always);
      return true;
    };
    if (method === "ping") this.#send(id, { result: {} }, always);
    else if (!CARRIED.has(method))
      return refuse(RPC.methodNotFound, `\`${method.slice(0, 100)}\` is not offered by this gateway`);
    else if (listener === null) return refuse(RPC.methodNotFound, `\`${method}\` is not offered outside of a call`);
    else if (this.#waiting.has(id)) return refuse(RPC.invalidRequest, "a request with this id is not answered yet");
    else if (this.#waiting.size >= MAX_WAITING) return refuse(RPC.server, "too many questions wait for an answer");
    else this.#pass({ id, method, params }, listener);
    return true;
  }

  /** The upstream takes a question back. */
  cancel(id: unknown): void {
    if (typeof id === "string" || typeof id === "number") this.#waiting.get(id)?.abort();
  }

  end(): void {
    for (const controller of this.#waiting.values()) controller.abort();
  }

  #pass(asked: AskedRequest, listener: Listener): void {
    const controller = new AbortController();
    this.#waiting.set(asked.id, controller);
    listener
      .ask({ ...asked, signal: controller.signal })
      .then((answer) => {
        this.#waiting.delete(asked.id);
        if (!controller.signal.aborted) this.#send(asked.id, answer, listener.permitted);
      })
      .catch(() => this.#waiting.delete(asked.id));
  }
}

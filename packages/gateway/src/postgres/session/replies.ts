import type { BackendEvent } from "../wire/index.ts";

/** What was sent to the server and is answered by it. */
export type Asked = "parse" | "bind" | "describe" | "close" | "execute" | "sync" | "query";

/** Who hears the answers. */
export interface Listener {
  event(event: BackendEvent): void;
  /** The last word on one thing that was asked: answered, answered by an error, or passed over after an error before it. */
  over(asked: Asked, how: "done" | "failed" | "skipped"): void;
  /** What the server says beside the answer: a notice, a parameter. */
  aside?(bytes: Buffer): void;
}
/** What is owed to whom. */
export interface Expected {
  readonly asked: Asked;
  readonly listener: Listener;
}

/** By what was asked: which messages may come, and which of them is the last. */
const ANSWERS: Readonly<Record<Asked, { readonly may: string; readonly last: string }>> = {
  parse: { may: "1", last: "1" },
  bind: { may: "2", last: "2" },
  describe: { may: "tTn", last: "Tn" },
  close: { may: "3", last: "3" },
  execute: { may: "CIsGHc", last: "CIs" },
  sync: { may: "Z", last: "Z" },
  query: { may: "TCIGHcZ", last: "Z" },
};

/** What the server owes, in order. Each answer is heard by whoever asked. */
export class Replies {
  readonly #owed: Expected[] = [];

  expect(expected: readonly Expected[]): void {
    this.#owed.push(...expected);
  }

  /** Who hears what belongs to no answer of its own, such as a notice. */
  get current(): Listener | null {
    return this.#owed[0]?.listener ?? null;
  }

  /** A Sync that was sent into a COPY is passed over by the server. True: there was one. */
  dropSync(): boolean {
    if (this.#owed.at(-1)?.asked !== "sync") return false;
    this.#owed.pop();
    return true;
  }

  /** Gives an event to whoever waits for it. False: nobody asked for such a thing, and what the server says next means nothing. */
  take(event: BackendEvent): boolean {
    const head = this.#owed[0];
    if (head === undefined || event.type === "malformed") return false;
    const { asked, listener } = head;
    if (event.type !== "message") {
      if (asked !== "execute" && asked !== "query") return false;
      listener.event(event);
      return true;
    }
    const code = String.fromCharCode(event.code);
    if (code === "E") return this.#failed(head, event);
    const { may, last } = ANSWERS[asked];
    if (!may.includes(code)) return false;
    const isLast = last.includes(code);
    if (isLast) this.#owed.shift();
    listener.event(event);
    if (isLast) listener.over(asked, "done");
    return true;
  }

  /** After an error the server passes over everything up to the next Sync; a Query goes on to its end. */
  #failed({ asked, listener }: Expected, event: BackendEvent): boolean {
    if (asked === "query" || asked === "sync") {
      listener.event(event);
      return true;
    }
    this.#owed.shift();
    const until = this.#owed.findIndex((owed) => owed.asked === "sync");
    const skipped = this.#owed.splice(0, until === -1 ? this.#owed.length : until);
    listener.event(event);
    listener.over(asked, "failed");
    for (const owed of skipped) owed.listener.over(owed.asked, "skipped");
    return true;
  }
}

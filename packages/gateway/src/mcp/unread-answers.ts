import { type AnyRecord, type BrakeScope, type Chain, covers } from "@countersign/core";
import { endingOf } from "@countersign/enforce";
import type { Reply } from "./reply.ts";

interface Unread {
  readonly chain: Chain;
  readonly resources: readonly string[];
  readonly reply: Reply;
}

/**
 * Answers that were released and that their clients have not taken in yet. INV-3: after a stop is acknowledged no byte of them goes to the
 * agent from here, so a stop cuts them off in the tick in which it is applied.
 */
export class UnreadAnswers {
  readonly #unread = new Set<Unread>();

  add(unread: Unread): void {
    if (!unread.reply.unread) return;
    this.#unread.add(unread);
    unread.reply.onceOver(() => this.#unread.delete(unread));
  }

  /** To be told of every change of the state. */
  noticed(record: AnyRecord): void {
    const ending = endingOf(record);
    if (ending !== null) this.#cut(ending.scope);
  }

  /** The lease is lost: a stop that this point was not told of may count on it. */
  stopAll(): void {
    for (const { reply } of this.#unread) reply.stop();
  }

  #cut(scope: BrakeScope): void {
    for (const { chain, resources, reply } of this.#unread) if (covers(scope, chain, resources)) reply.stop();
  }
}

import { AppError } from "@countersign/core";
import type { LedgerStore } from "../journal.ts";
import { Samples } from "./samples.ts";

/** Commits one entry after the other, several at a time, until it is told to end; remembers what was said of each. */
export class Load {
  /** Index by id of what was acknowledged. */
  readonly acknowledged: Map<string, number> = new Map();
  /** Codes of what was refused, which may have happened or not. */
  readonly refused: string[] = [];
  private readonly running: Promise<unknown>;
  private isOver = false;

  constructor(store: LedgerStore, writers: number, seed = 7) {
    const make = new Samples(seed);
    const point = make.id("ep");
    const write = async (): Promise<void> => {
      while (!this.isOver) {
        const record = make.human();
        const draft = make.draft();
        try {
          const committed = await store.commit({ put: [record], entries: [make.entry(point, draft, [record])] });
          if (committed.ok) this.acknowledged.set(draft.id, committed.indexes[0] ?? -1);
          else this.refused.push(committed.code);
        } catch (error) {
          this.refused.push(error instanceof AppError ? error.code : String(error));
          // A database that is not there refuses at once.
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    this.running = Promise.all(Array.from({ length: writers }, write));
  }

  /** Waits until so many more were acknowledged. */
  async more(count: number): Promise<void> {
    const wanted = this.acknowledged.size + count;
    while (this.acknowledged.size < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.running;
  }
}

/** Acknowledged entries that the store does not have, or has elsewhere. */
export async function lost(store: LedgerStore, acknowledged: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const indexes = new Map<string, number>();
  for (let from = 0; ; from += 10_000) {
    const entries = await store.entries({ from, limit: 10_000 });
    for (const { index, body } of entries) indexes.set((body as { readonly id: string }).id, index);
    if (entries.length < 10_000) break;
  }
  return [...acknowledged].filter(([id, index]) => indexes.get(id) !== index).map(([id]) => id);
}

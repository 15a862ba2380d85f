import { canonicalJson } from "@countersign/core";
import type { UpstreamAnswer } from "@countersign/enforce";
import type { ToolUse } from "./hook-event.ts";

/** What became of a use, as the client's own hook told it. */
export type HookAnswer = UpstreamAnswer<null>;

interface Waiting {
  readonly task: string;
  readonly key: string;
  readonly settle: (answer: HookAnswer) => void;
  readonly giveUp: () => void;
}

/** A use whose end nobody told within this time was not observed. */
const LASTS_MS = 15 * 60_000;
/** Uses of one task whose end is waited for; beyond it the oldest counts as not observed. */
const MOST_PER_TASK = 64;

/** The uses that were permitted and whose end is to be told by the client. */
export class Outcomes {
  readonly #waiting = new Set<Waiting>();

  /** Waits for the end of a use. `unobserved` is called once nobody waits any more: the answer then never comes. */
  async wait(task: string, use: ToolUse, unobserved: () => void): Promise<HookAnswer> {
    const key = keyOf(use);
    const ofTask = [...this.#waiting].filter((one) => one.task === task);
    if (ofTask.length >= MOST_PER_TASK) ofTask[0]?.giveUp();
    return await new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const giveUp = (): void => {
        end();
        unobserved();
      };
      const settle = (answer: HookAnswer): void => {
        end();
        resolve(answer);
      };
      const timer = setTimeout(giveUp, LASTS_MS).unref();
      const waiting: Waiting = { task, key, settle, giveUp };
      this.#waiting.add(waiting);
    });
  }

  /** The client told how a use ended: the oldest one that is just like it. One that nobody waits for is nothing. */
  settle(task: string, use: ToolUse, answer: HookAnswer): void {
    const key = keyOf(use);
    for (const waiting of this.#waiting) {
      if (waiting.task === task && waiting.key === key) {
        waiting.settle(answer);
        return;
      }
    }
  }

  endTask(task: string): void {
    for (const waiting of this.#waiting) if (waiting.task === task) waiting.giveUp();
  }
}

/** Before and after a use say the same of it; where the client has no id for it, all that it says of it. */
function keyOf({ id, name, input }: ToolUse): string {
  return id === null ? canonicalJson([name, input]) : `${name}\n${id}`;
}

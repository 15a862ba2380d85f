import { AsyncLocalStorage } from "node:async_hooks";

/** Runs one action at a time in this process, in the order of the calls. What an action itself asks for runs at once: it is alone already. */
export class Alone {
  private readonly inside = new AsyncLocalStorage<{ isOver: boolean }>();
  private last: Promise<unknown> = Promise.resolve();

  /** `among`: what else it takes to be alone. */
  async run<T>(
    action: () => Promise<T>,
    among: (action: () => Promise<T>) => Promise<T> = async (own) => await own(),
  ): Promise<T> {
    // Timers that an action left behind are not inside it any more.
    if (this.inside.getStore()?.isOver === false) return await action();
    const before = this.last;
    const turn = { isOver: false };
    const done = before
      .then(async () => await among(async () => await this.inside.run(turn, action)))
      .finally(() => (turn.isOver = true));
    this.last = done.catch(() => undefined);
    return await done;
  }
}

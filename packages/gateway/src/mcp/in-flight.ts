import type { RequestId } from "./protocol.ts";

export interface CallKey {
  /** The task, or `-` for callers whose credential proved nothing. */
  readonly task: string;
  /** The session of the 2025 era, or empty. */
  readonly session: string;
  readonly id: RequestId;
}

/** Calls that are under way, so that they can be counted and cancelled. */
export class InFlight {
  readonly #perTask: number;
  readonly #tasks = new Map<string, Map<AbortController, CallKey>>();

  constructor(perTask: number) {
    this.#perTask = perTask;
  }

  /** Counts a call in; null when the task has too many under way. */
  begin(key: CallKey): AbortController | null {
    let calls = this.#tasks.get(key.task);
    if (calls === undefined) this.#tasks.set(key.task, (calls = new Map()));
    if (calls.size >= this.#perTask) return null;
    const controller = new AbortController();
    calls.set(controller, key);
    return controller;
  }

  end(key: CallKey, controller: AbortController): void {
    const calls = this.#tasks.get(key.task);
    calls?.delete(controller);
    if (calls?.size === 0) this.#tasks.delete(key.task);
  }

  /** Cancels the one call of that id. When clients of one task share an id, none is: it cannot be told which one is meant. */
  cancel(key: CallKey): void {
    const meant = [...(this.#tasks.get(key.task) ?? [])].filter(
      ([, call]) => call.session === key.session && call.id === key.id,
    );
    if (meant.length === 1) meant[0]?.[0].abort();
  }

  endTask(task: string): void {
    for (const controller of this.#tasks.get(task)?.keys() ?? []) controller.abort();
  }

  get size(): number {
    return [...this.#tasks.values()].reduce((sum, calls) => sum + calls.size, 0);
  }
}

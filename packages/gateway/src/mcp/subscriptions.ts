import type { TaskId } from "@countersign/core";

export interface SubscriptionKey {
  readonly task: TaskId;
  readonly session: string;
  readonly uri: string;
}

/** Subscriptions of clients of the 2025 era, each an action that is under way until it is taken back. */
export class Subscriptions {
  readonly #perTask: number;
  readonly #tasks = new Map<TaskId, Map<string, AbortController>>();

  constructor(perTask: number) {
    this.#perTask = perTask;
  }

  /** Counts one in; null when the task has too many. One that its session has already gives way. */
  begin(key: SubscriptionKey): AbortController | null {
    this.end(key);
    const held = this.#tasks.get(key.task) ?? new Map<string, AbortController>();
    if (held.size >= this.#perTask) return null;
    const controller = new AbortController();
    this.#tasks.set(key.task, held.set(nameOf(key), controller));
    controller.signal.addEventListener("abort", () => this.#forget(key, controller), { once: true });
    return controller;
  }

  end(key: SubscriptionKey): void {
    this.#tasks.get(key.task)?.get(nameOf(key))?.abort();
  }

  endSession(task: TaskId, session: string): void {
    for (const [name, controller] of this.#tasks.get(task) ?? [])
      if (name.startsWith(`${session}\n`)) controller.abort();
  }

  endTask(task: TaskId): void {
    for (const controller of this.#tasks.get(task)?.values() ?? []) controller.abort();
  }

  #forget(key: SubscriptionKey, controller: AbortController): void {
    const held = this.#tasks.get(key.task);
    if (held?.get(nameOf(key)) === controller) held.delete(nameOf(key));
    if (held?.size === 0) this.#tasks.delete(key.task);
  }
}

function nameOf({ session, uri }: SubscriptionKey): string {
  return `${session}\n${uri}`;
}

import { AppError } from "@countersign/core";
import type { Publisher } from "./publisher.ts";

export interface PaceOptions {
  /** Resolves when there are more than `size` durable entries. */
  readonly grown: (size: number) => Promise<void>;
  readonly intervalMs: number;
  readonly onError: (error: unknown) => void;
}

/** Runs a publisher once per interval when there is something to publish, and at once when someone waits. */
export class Pace {
  private readonly publisher: Publisher;
  private readonly options: PaceOptions;
  private waiting: {
    readonly size: number;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  private wake: () => void = () => undefined;
  private stopped = false;
  private readonly stop = Promise.withResolvers<void>();
  private readonly loop: Promise<void>;

  constructor(publisher: Publisher, options: PaceOptions) {
    this.publisher = publisher;
    this.options = options;
    this.loop = this.run();
  }

  /** Resolves when a published checkpoint covers the first `size` entries; rejects when that try fails or the ledger was closed. */
  covers(size: number): Promise<void> {
    if (this.publisher.published.size >= size) return Promise.resolve();
    if (this.publisher.damaged !== null) return Promise.reject(this.publisher.damaged);
    return new Promise((resolve, reject) => {
      this.waiting.push({ size, resolve, reject });
      this.wake();
    });
  }

  /** Publishes what is left, then ends. Never throws: what could not be published will be at the next start. */
  async end(): Promise<void> {
    this.stopped = true;
    this.stop.resolve();
    this.wake();
    await this.loop;
    if (this.publisher.damaged === null) await this.attempt();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      await Promise.race([this.options.grown(this.publisher.published.size), this.stop.promise]);
      await this.pause();
      if (!this.stopped) await this.attempt();
      // INV-7: what does not continue what was published is never published, however often it is tried.
      if (this.publisher.damaged !== null) await this.stop.promise;
    }
  }

  private async attempt(): Promise<void> {
    try {
      await this.publisher.publish();
      const { size } = this.publisher.published;
      const due = this.waiting.filter((waiting) => waiting.size <= size);
      this.waiting = this.waiting.filter((waiting) => waiting.size > size);
      for (const { resolve } of due) resolve();
    } catch (error) {
      this.options.onError(error);
      const told =
        error instanceof AppError
          ? error
          : new AppError("ledger.unavailable", {
              detail: "the ledger could not be published; look at the disk",
              cause: error,
            });
      for (const { reject } of this.waiting.splice(0)) reject(told);
    }
  }

  private pause(): Promise<void> {
    if (this.stopped || this.waiting.length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.options.intervalMs);
      timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

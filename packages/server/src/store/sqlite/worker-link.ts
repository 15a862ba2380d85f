import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import type { AppError } from "@countersign/core";
import type { WorkerStart } from "./messages.ts";
import { errorOf, type Failure } from "../packed.ts";

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AppError) => void;
}

/** One worker that answers every message with one message, in order. When it dies, everything that waits is refused. */
export class WorkerLink {
  private readonly worker: Worker;
  private readonly waiting: Waiting[] = [];
  private readonly ended: Promise<void>;
  private failure: Failure | null = null;

  constructor(file: "writer-worker" | "reader-worker", start: WorkerStart) {
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.worker = new Worker(new URL(`./${file}.${extension}`, import.meta.url), {
      workerData: start,
      env: compiledCode(),
    });
    this.worker.on("message", (message) => this.waiting.shift()?.resolve(message));
    this.worker.on("error", (error) =>
      this.fail(`the store stopped: ${error instanceof Error ? error.message : "unknown error"}`),
    );
    this.ended = new Promise((resolve) => {
      this.worker.on("exit", () => {
        this.fail("the store is closed");
        resolve();
      });
    });
  }

  /** The next message that the worker sends of itself. */
  next<T>(): Promise<T> {
    return new Promise<T>((resolve, reject) => this.wait(resolve as (value: unknown) => void, reject));
  }

  ask<T>(message: unknown): Promise<T> {
    const answer = this.next<T>();
    if (this.failure === null) this.worker.postMessage(message);
    return answer;
  }

  /** Lets the worker finish what it has, then close. */
  async close(): Promise<void> {
    if (this.failure === null) this.worker.postMessage({ op: "close" });
    await this.ended;
  }

  /** Ends the worker in the middle of whatever it does: for one that only reads. */
  async stop(): Promise<void> {
    await this.worker.terminate();
    await this.ended;
  }

  private wait(resolve: (value: unknown) => void, reject: (error: AppError) => void): void {
    if (this.failure === null) this.waiting.push({ resolve, reject });
    else reject(errorOf(this.failure));
  }

  private fail(detail: string): void {
    this.failure ??= { code: "ledger.unavailable", detail };
    for (const { reject } of this.waiting.splice(0)) reject(errorOf(this.failure));
  }
}

/** Where this process keeps compiled code, a thread does too: it begins in half the time. The folder is the parent of that of this Node. */
function compiledCode(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

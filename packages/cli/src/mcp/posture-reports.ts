import { AppError } from "@countersign/core";
import { signEvidence } from "@countersign/credentials";
import type { SignInContext } from "../client/sign-in.ts";

const EVERY_MS = 60_000;

/** Keeps the device fresh while a shim runs (design 6): a signed posture report each minute, and before a task is opened. */
export class PostureReports {
  readonly #context: SignInContext;
  readonly #timer: NodeJS.Timeout;
  #last = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;

  constructor(context: SignInContext) {
    this.#context = context;
    this.#timer = setInterval(() => {
      this.fresh().catch(() => undefined);
    }, EVERY_MS);
    this.#timer.unref();
  }

  /** Reports unless that was done within the last minute. Silence is no error here: a stale device is refused by the gateway. */
  async fresh(): Promise<void> {
    if (this.#context.cli.now() - this.#last < EVERY_MS * 0.9) return;
    this.#running ??= this.#report().finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #report(): Promise<void> {
    const { client, cli, device } = this.#context;
    try {
      const session = await client.session();
      if (session === null) return;
      const { id, key, posture } = await device();
      const evidence = signEvidence(key, { device: id, posture: await posture(), nonce: null, now: cli.now() });
      await client.raw({ as: "session", path: "/v1/devices/posture", body: { evidence } });
      this.#last = cli.now();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }
}

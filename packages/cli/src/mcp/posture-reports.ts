import { AppError } from "@countersign/core";
import { signEvidence } from "@countersign/credentials";
import type { SignInContext } from "../client/sign-in.ts";
import type { Workload } from "../mandate/workload.ts";

const EVERY_MS = 60_000;

/** Keeps the device fresh while a shim runs (design 6): a signed posture report each minute, and before a task is opened. */
export class PostureReports {
  readonly #context: SignInContext;
  readonly #workload: Workload | null;
  readonly #timer: NodeJS.Timeout;
  #last = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;

  /** `workload`: the device of unattended work; null: the one that a person is signed in on. */
  constructor(context: SignInContext, workload: Workload | null = null) {
    this.#context = context;
    this.#workload = workload;
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
      // Unattended work reports when its task is opened, and from then on as a person's does.
      if (this.#workload === null && (await client.session()) === null) return;
      const { id, key, posture } = await (this.#workload?.device ?? device)();
      const evidence = signEvidence(key, { device: id, posture: await posture(), nonce: null, now: cli.now() });
      await client.raw({ as: "anyone", path: `/v1/devices/${id}/posture`, body: { evidence } });
      this.#last = cli.now();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }
}

import { AppError, type Random, codeRow } from "@countersign/core";
import type { SigningKey } from "@countersign/credentials";
import type { ControlPlane, Merged } from "../control-plane.ts";
import type { PointLog } from "../point.ts";
import { signRun } from "./sign-run.ts";
import type { Spool } from "./spool.ts";

/** Most of one run: frames, and bytes beyond its first frame. */
export const RUN_LIMITS: { readonly frames: number; readonly bytes: number } = { frames: 256, bytes: 512 * 1024 };
/** How long frames are gathered before they are sent. */
const GATHER_MS = 100;
/** How long an answer is waited for. */
const ANSWER_MS = 30_000;
const BACKOFF_MS = { least: 100, most: 5000 } as const;

export interface ForwarderParts {
  readonly spool: Spool;
  readonly controlPlane: Pick<ControlPlane, "merge">;
  /** The point's key as it is now. */
  readonly key: () => SigningKey;
  readonly random: Random;
  readonly log: PointLog;
}

/**
 * Sends a spool to the control plane: run after run, in order, each until it is answered. What was not answered is sent again, by this
 * process or the next; the control plane takes it once.
 */
export class Forwarder {
  private readonly parts: ForwarderParts;
  private ended: Promise<void> | null = null;
  private stopped = false;
  /** Somebody waits until nothing is left. */
  private hurried = false;
  private waiting: { readonly end: () => void; readonly idle: boolean } | null = null;
  private backoffMs = 0;
  private emptied: (() => void)[] = [];

  constructor(parts: ForwarderParts) {
    this.parts = parts;
    parts.spool.onGrowth(() => {
      if (this.waiting?.idle === true) this.waiting.end();
    });
  }

  start(): void {
    this.ended ??= this.work();
  }

  /** Sends what is left without waiting for more; true when nothing is left, false when that took longer. */
  async flush(withinMs: number): Promise<boolean> {
    const { spool } = this.parts;
    if (this.ended === null) return spool.length === 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.emptied.push(resolve);
    this.hurried = true;
    this.waiting?.end();
    const timer = setTimeout(resolve, withinMs);
    await Promise.race([promise, this.ended]);
    clearTimeout(timer);
    this.hurried = false;
    return spool.length === 0;
  }

  /** Ends after the run that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.waiting?.end();
    await this.ended;
  }

  private async work(): Promise<void> {
    const { spool } = this.parts;
    while (!this.stopped && spool.fault === null) {
      if (spool.length > 0) {
        await this.round();
        continue;
      }
      for (const resolve of this.emptied.splice(0)) resolve();
      await this.pause(null);
      if (!this.hurried) await this.pause(GATHER_MS);
    }
  }

  /** One run, then a pause if it was not answered. */
  private async round(): Promise<void> {
    const { spool, log, random } = this.parts;
    try {
      await this.send();
      this.backoffMs = 0;
    } catch (error) {
      if (spool.fault !== null) {
        log.error({ err: error }, "the spool of this point takes nothing more");
        return;
      }
      this.backoffMs = Math.min(Math.max(this.backoffMs * 2, BACKOFF_MS.least), BACKOFF_MS.most);
      log.warn({ err: error, frames: spool.length, againInMs: this.backoffMs }, "spooled entries not merged yet");
      const spread = 0.5 + (random(1)[0] ?? 0) / 512;
      await this.pause(this.backoffMs * spread);
    }
  }

  private async send(): Promise<void> {
    const { spool, controlPlane, key } = this.parts;
    const run = await spool.run(RUN_LIMITS);
    if (run === null) return;
    const merged = await answered(controlPlane.merge(signRun(run, key())));
    if (merged.ok) {
      await spool.confirm(merged);
      return;
    }
    const refused = new AppError(merged.code, {
      detail: `this point's spool is not merged: ${codeRow(merged.code).title}`,
    });
    // A signature may be right later. Everything else stays as it is, and a point of which nothing more is recorded must not act.
    if (merged.code !== "spool.unsigned")
      spool.fail(new AppError("ledger.damaged", { detail: refused.message, cause: refused }));
    throw refused;
  }

  /** Until so long has passed, or somebody is in a hurry; without a time, until there is something to do. */
  private async pause(ms: number | null): Promise<void> {
    if (this.stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = ms === null ? undefined : setTimeout(resolve, ms);
    this.waiting = { end: resolve, idle: ms === null };
    await promise;
    clearTimeout(timer);
    this.waiting = null;
  }
}

/** Silence is no answer: the run is sent again. */
async function answered(merging: Promise<Merged>): Promise<Merged> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = (): void => reject(new AppError("server.unreachable", { detail: "the control plane did not answer" }));
  const timer = setTimeout(late, ANSWER_MS);
  try {
    return await Promise.race([merging, promise]);
  } finally {
    clearTimeout(timer);
  }
}

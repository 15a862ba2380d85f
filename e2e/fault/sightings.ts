import { appendFileSync } from "node:fs";
import type { Sighting } from "./check/history.ts";

/** Milliseconds of the monotonic clock of this machine: the same for all its processes. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

const TICK_MS = 5;

/**
 * Says of what is read from a socket when it can have come. The loop looks at its sockets after each tick of a timer; what it finds was not
 * there when it looked before the last but one tick was over. However busy the process was, a sighting never says that a byte came later
 * than it did.
 */
export class Sightings {
  private ticks: readonly [number, number] = [nowMs(), nowMs()];
  private readonly timer: NodeJS.Timeout = setInterval(() => (this.ticks = [this.ticks[1], nowMs()]), TICK_MS);

  now(): Sighting & { readonly at: number } {
    return { notBefore: this.ticks[0], at: nowMs() };
  }

  end(): void {
    clearInterval(this.timer);
  }
}

/** A log of one process: a line is in the file when this returns. */
export function appendLine(path: string, line: object): void {
  appendFileSync(path, `${JSON.stringify(line)}\n`);
}

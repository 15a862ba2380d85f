import type { Cli } from "../cli.ts";
import type { Closing } from "./closing.ts";
import type { Commands } from "./commands.ts";
import type { Place } from "./place.ts";
import type { Stage } from "./stage/stage.ts";

/** All that a chapter acts with. */
export interface Play {
  readonly cli: Cli;
  readonly stage: Stage;
  readonly place: Place;
  readonly closing: Closing;
  /** A person of flesh and blood signs, instead of the one in Chromium. */
  readonly live: boolean;
  /** The command line on this machine, with the given variables beside its usual ones. */
  readonly commandsFor: (env: Readonly<Record<string, string>>) => Commands;
  readonly signal: AbortSignal;
}

/** A time span beside a line: `12 ms`, `1.4 s`. */
export function took(milliseconds: number): string {
  if (milliseconds < 1000) return `${String(Math.max(1, Math.round(milliseconds)))} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Runs and times. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly made: T; readonly ms: number }> {
  const began = performance.now();
  const made = await work();
  return { made, ms: performance.now() - began };
}

/** The start of a digest, for people. */
export function short(digest: string): string {
  return `sha-256 ${digest.slice(0, 8)}…`;
}

export function thousands(count: number): string {
  return count.toLocaleString("en");
}

import type { Clock, Random } from "@countersign/core";
import type { Environment } from "./environment.ts";
import type { Output } from "./output/output.ts";

/** A stream to write on: standard output or standard error. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a process lends to the command that it runs. */
export interface Surroundings {
  readonly env: Environment;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly now: Clock;
  readonly random: Random;
  /** Resolves after that time, or at once when `signal` fires. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Fires on SIGINT, SIGTERM and when standard output is gone. */
  readonly signal: AbortSignal;
  /**
   * From now on SIGINT, SIGTERM and SIGHUP are heard by this alone, each time: they neither fire `signal` nor end the process. Call what it
   * answers to give them back.
   */
  readonly onSignal: (heard: (name: NodeJS.Signals) => void) => () => void;
  /** Shows a page to the person; false when there is no way. */
  readonly openPage: (url: string) => boolean;
}

/** What a command works with. */
export interface Cli extends Surroundings {
  readonly out: Output;
}

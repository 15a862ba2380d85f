import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A process that says one line of JSON when it is ready. */
export interface ReadyChild<T> {
  readonly pid: number;
  readonly ready: T;
  /** Ends it with SIGTERM and waits until it is gone. */
  end(): Promise<void>;
}

/** Starts a program of which only errors are shown. Rejects when it ends before its first line. */
export async function startChild<T>(
  command: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ReadyChild<T>> {
  const [program = "", ...args] = command;
  const child: ChildProcess = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  const lines = createInterface(child.stdout as Readable);
  const first = await Promise.race([once(lines, "line"), closed]);
  if (typeof first[0] !== "string") throw new Error(`\`${args.join(" ")}\` ended before it was ready`);
  return {
    pid: child.pid ?? 0,
    ready: JSON.parse(first[0]) as T,
    end: async () => {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

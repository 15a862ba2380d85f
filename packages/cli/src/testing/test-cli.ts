import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Random } from "@countersign/core";
import type { ExitCode } from "../command/exit-code.ts";
import type { Cli, Surroundings } from "../cli.ts";
import type { Environment } from "../environment.ts";
import { createOutput } from "../output/output.ts";
import { run } from "../run.ts";

/** 2026-11-22 02:00:00 UTC. */
export const NOW: number = Date.UTC(2026, 10, 22, 2);

export interface TestCli {
  readonly surroundings: Surroundings;
  /** The same with human output. */
  readonly cli: Cli;
  readonly stop: AbortController;
  readonly opened: string[];
  /** Sends a signal to whoever took them. */
  readonly send: (name: NodeJS.Signals) => void;
  /** Moves the clock. */
  advance(milliseconds: number): void;
  /** Runs a command line within this process. */
  run(
    ...argv: readonly string[]
  ): Promise<{ readonly code: ExitCode; readonly stdout: string; readonly stderr: string }>;
}

export interface TestCliOptions {
  readonly env?: Partial<Environment>;
  readonly stdin?: string;
  /** Called for each pause instead of waiting. */
  readonly onPause?: (count: number) => void;
  readonly isTTY?: boolean;
}

/** The surroundings of a command in a test: a folder of its own, a clock that stands, no waiting, text instead of streams. */
export function testCli(options: TestCliOptions = {}): TestCli {
  const folder = mkdtempSync(join(tmpdir(), "countersign-cli-"));
  const stop = new AbortController();
  const opened: string[] = [];
  const signals = new Set<(name: NodeJS.Signals) => void>();
  const texts = { stdout: "", stderr: "" };
  const clock = { now: NOW, pauses: 0 };
  const sink = (name: "stdout" | "stderr"): Surroundings["stdout"] => ({
    isTTY: options.isTTY ?? false,
    write: (text) => {
      texts[name] += text;
    },
  });
  const surroundings: Surroundings = {
    env: { ...testEnvironment(folder), ...options.env },
    stdin: Readable.from([Buffer.from(options.stdin ?? "")]),
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    now: () => clock.now,
    random: seeded(folder),
    pause: async (milliseconds) => {
      clock.now += milliseconds;
      clock.pauses += 1;
      options.onPause?.(clock.pauses);
      await new Promise((resolve) => setImmediate(resolve));
    },
    signal: stop.signal,
    onSignal: (heard) => {
      signals.add(heard);
      return () => signals.delete(heard);
    },
    openPage: (url) => {
      opened.push(url);
      return false;
    },
  };
  const out = createOutput({ stdout: surroundings.stdout, stderr: surroundings.stderr, json: false, noColor: true });
  return {
    surroundings,
    cli: { ...surroundings, out },
    stop,
    opened,
    send: (name) => {
      for (const heard of signals) heard(name);
    },
    advance: (milliseconds) => {
      clock.now += milliseconds;
    },
    run: async (...argv) => {
      texts.stdout = "";
      texts.stderr = "";
      const code = await run(argv, surroundings);
      return { code, stdout: texts.stdout, stderr: texts.stderr };
    },
  };
}

function testEnvironment(folder: string): Environment {
  return {
    configDir: join(folder, "config"),
    cacheDir: join(folder, "cache"),
    dataDir: null,
    defaultDataDir: join(folder, "state"),
    server: null,
    cwd: folder,
    home: folder,
    user: "alice",
    host: "box",
    platform: process.platform,
    sshConnection: null,
    hasDisplay: false,
    noColor: true,
    path: [],
    configuration: {},
    variables: {},
  };
}

/** Bytes that follow from a seed. */
function seeded(seed: string): Random {
  let count = 0;
  return (length) => {
    count += 1;
    return createHash("sha512")
      .update(`${seed}/${String(count)}`)
      .digest()
      .subarray(0, length);
  };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How many milliseconds a command of a test may take before it is ended; far beyond what it needs. */
const PATIENCE_MS = 60_000;
/** How many milliseconds a program may go on that a test starts and ends itself: a whole file of tests on a busy machine. */
const PROGRAM_MS = 1_200_000;
/** Compiled code of all tests together: a start is three times as fast. */
const COMPILED = join(tmpdir(), `countersign-compiled-${String(process.getuid?.() ?? 0)}`);
const LAUNCHER = fileURLToPath(new URL("../../bin/countersign", import.meta.url));

/** The command line as a person has it: the real launcher, a process each, a configuration folder of its own. */
export class CommandLine {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;

  constructor(folder: string, env: Readonly<Record<string, string>> = {}) {
    this.cwd = folder;
    const path = process.env["PATH"] ?? "";
    this.env = { PATH: path, HOME: folder, XDG_CACHE_HOME: COMPILED, NO_COLOR: "1", ...env };
  }

  async run(...args: string[]): Promise<Ran> {
    return await this.start(args, PATIENCE_MS).ended;
  }

  /** Runs with `--json` and reads the one object of standard output. */
  async json<T = Record<string, unknown>>(...args: string[]): Promise<T & { readonly code: number | null }> {
    const ran = await this.run(...args, "--json");
    if (ran.stdout === "") throw new Error(`no answer (${String(ran.code)}): ${ran.stderr}`);
    return { ...(JSON.parse(ran.stdout) as T), code: ran.code };
  }

  /** Runs with `--json` and reads the problem document of standard error. */
  async problem(...args: string[]): Promise<Record<string, unknown> & { readonly exit: number | null }> {
    const ran = await this.run(...args, "--json");
    if (ran.stdout !== "") throw new Error(`an answer instead of a problem: ${ran.stdout}`);
    return { ...(JSON.parse(ran.stderr) as Record<string, unknown>), exit: ran.code };
  }

  start(args: readonly string[], timeout: number = PROGRAM_MS): Started {
    return new Started(spawn(LAUNCHER, args, { cwd: this.cwd, env: this.env, stdio: "pipe", timeout }));
  }

  /** Program and arguments for a client that starts the command itself. */
  get program(): string {
    return LAUNCHER;
  }
}

export class Started {
  readonly child: ReturnType<typeof spawn> & {
    stdin: NodeJS.WritableStream;
    stdout: NodeJS.ReadableStream;
    stderr: NodeJS.ReadableStream;
  };
  readonly ended: Promise<Ran>;
  #lines = { stdout: "", stderr: "" };

  constructor(child: Started["child"]) {
    this.child = child;
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (part: Buffer) => {
        this.#lines[name] += part.toString("utf8");
      });
    }
    this.ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(
      ([stdout, stderr]) => ({
        code: child.exitCode,
        stdout,
        stderr,
      }),
    );
  }

  /** The first whole line of a stream, as soon as it is there. */
  async firstLine(stream: "stdout" | "stderr"): Promise<string> {
    return (await this.until(stream, "\n")).split("\n")[0] ?? "";
  }

  /** What a stream said, as soon as `mark` is part of it. */
  async until(stream: "stdout" | "stderr", mark: string): Promise<string> {
    const over = this.ended.then((ran) => Promise.reject(new Error(JSON.stringify(ran))));
    while (!this.#lines[stream].includes(mark)) await Promise.race([once(this.child[stream], "data"), over]);
    return this.#lines[stream];
  }
}

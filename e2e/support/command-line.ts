import { type ChildProcess, spawn } from "node:child_process";
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

/** How many milliseconds a command that a test waits for may take before it is ended; far beyond what it needs on a busy machine. */
const PATIENCE_MS = 240_000;
/** Compiled code of all tests together: a start is three times as fast. */
const COMPILED = join(tmpdir(), `countersign-compiled-${String(process.getuid?.() ?? 0)}`);
const LAUNCHER = fileURLToPath(new URL("../../bin/countersign", import.meta.url));

const UNDER_WAY = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of UNDER_WAY) child.kill("SIGKILL");
});

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
    return await this.begin(args, PATIENCE_MS).ended;
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

  /** For what goes on until the test ends it; it ends with the test's process at the latest. */
  start(args: readonly string[]): Started {
    return this.begin(args, 0);
  }

  private begin(args: readonly string[], timeout: number): Started {
    const child = spawn(LAUNCHER, args, { cwd: this.cwd, env: this.env, stdio: "pipe", timeout });
    UNDER_WAY.add(child);
    child.once("close", () => UNDER_WAY.delete(child));
    return new Started(child);
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
    // What was said already is not waited for.
    over.catch(() => undefined);
    while (!this.#lines[stream].includes(mark)) await Promise.race([once(this.child[stream], "data"), over]);
    return this.#lines[stream];
  }
}

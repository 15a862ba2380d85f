import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { AppError, isJsonObject, type JsonObject, parseJson } from "@countersign/core";
import { EXIT } from "../command/exit-code.ts";
import { visible } from "../output/visible-text.ts";

/** The launcher, as a person calls it. */
export const LAUNCHER: string = fileURLToPath(new URL("../../../../bin/countersign", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandsOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Once it has fired no other process is started. */
  readonly signal: AbortSignal;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;
const BOUNDS = { sizeBytes: 16_777_216, depth: 64 } as const;
const END_MS = 8000;

/** The real command line, a process for each call, with surroundings of its own. */
export class Commands {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly #signal: AbortSignal;
  readonly #running = new Set<Running>();

  constructor({ cwd, env, signal }: CommandsOptions) {
    this.cwd = cwd;
    this.env = env;
    this.#signal = signal;
  }

  start(...args: readonly string[]): Running {
    this.#signal.throwIfAborted();
    const running = new Running(
      spawn(LAUNCHER, args, { cwd: this.cwd, env: this.env, stdio: ["ignore", "pipe", "pipe"] }),
    );
    this.#running.add(running);
    const gone = (): void => {
      this.#running.delete(running);
    };
    running.ended.then(gone, gone);
    return running;
  }

  async run(...args: readonly string[]): Promise<Ran> {
    return await this.start(...args).ended;
  }

  /** The one object of `--json`. @throws AppError when the command ends otherwise than with `code` */
  async json(code: number, ...args: readonly string[]): Promise<JsonObject> {
    const ran = await this.run(...args, "--json");
    if (ran.code === code) return readObject(ran.stdout);
    throw failed(args, ran);
  }

  async answer(...args: readonly string[]): Promise<JsonObject> {
    return await this.json(EXIT.ok, ...args);
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map(async (running) => await running.stop()));
  }
}

/** One process of the command line. */
export class Running {
  readonly ended: Promise<Ran>;
  readonly #child: Child;
  readonly #lines: Readonly<Record<"stdout" | "stderr", PromiseWithResolvers<string>>> = {
    stdout: Promise.withResolvers<string>(),
    stderr: Promise.withResolvers<string>(),
  };

  constructor(child: Child) {
    this.#child = child;
    for (const name of ["stdout", "stderr"] as const) {
      let seen = "";
      child[name].setEncoding("utf8").on("data", (part: string) => {
        if (seen.includes("\n")) return;
        seen += part;
        if (seen.includes("\n")) this.#lines[name].resolve(seen.slice(0, seen.indexOf("\n")));
      });
    }
    this.ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(
      ([stdout, stderr]) => ({ code: child.exitCode, stdout, stderr }),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first whole line of a stream as an object. @throws AppError when the process ends before */
  async first(stream: "stdout" | "stderr"): Promise<JsonObject> {
    const early = this.ended.then((ran) => Promise.reject(failed([], ran)));
    return readObject(await Promise.race([this.#lines[stream].promise, early]));
  }

  /** SIGTERM, and SIGKILL when that does not end it. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
    const { code } = await this.ended;
    clearTimeout(timer);
    return code;
  }
}

function readObject(line: string): JsonObject {
  const parsed = parseJson(Buffer.from(line, "utf8"), BOUNDS);
  if (parsed.ok && isJsonObject(parsed.value)) return parsed.value;
  throw new AppError("internal.error", { detail: "a child process did not answer with a JSON object" });
}

function failed(args: readonly string[], { code, stderr }: Ran): AppError {
  const name = ["countersign", ...args.slice(0, 2)].join(" ");
  const [problem = ""] = stderr.trim().split("\n").slice(-1);
  const parsed = parseJson(Buffer.from(problem, "utf8"), BOUNDS);
  const said = parsed.ok && isJsonObject(parsed.value) ? parsed.value["detail"] : problem;
  const why = typeof said === "string" && said !== "" ? `: ${visible(said).slice(0, 400)}` : "";
  return new AppError("internal.error", { detail: `\`${name}\` ended with exit code ${String(code)}${why}` });
}

import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { AppError } from "@countersign/core";

/** How long a command may take to end when it was asked to, in ms. */
const GRACE_MS = 5000;

export interface CommandOptions {
  /** The program, and its arguments. */
  readonly words: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A person is at the terminal: the command stays in its foreground, so the terminal's own keys reach it. */
  readonly isInteractive: boolean;
}

/** A command that runs with this process's own standard streams. */
export class ChildCommand {
  /** Its exit code, as a shell says it: 128 and the number of the signal that ended it. @throws AppError `request.not_found` */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #options: CommandOptions;

  constructor(options: CommandOptions) {
    this.#options = options;
    const { words, cwd, env, isInteractive } = options;
    const [program = "", ...args] = words;
    // A group of its own: what the command starts is ended with it.
    this.#child = spawn(program, args, { cwd, env, stdio: "inherit", detached: !isInteractive });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("exit", (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
      this.#child.once("error", (error: NodeJS.ErrnoException) => reject(notStarted(program, error)));
    });
    this.ended.catch(() => undefined);
  }

  /** Passes on a signal that this process got; what a terminal sends to its whole foreground has arrived already. */
  pass(name: NodeJS.Signals): void {
    if (!this.#options.isInteractive || name === "SIGTERM") this.#send(name);
  }

  /** Ends it with all that it started: asks first, and does not ask after five seconds. */
  stop(): void {
    this.#send("SIGTERM");
    const killing = setTimeout(() => this.#send("SIGKILL"), GRACE_MS);
    void this.ended.catch(() => undefined).finally(() => clearTimeout(killing));
  }

  #send(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(this.#options.isInteractive ? pid : -pid, name);
    } catch (error) {
      // It has ended already.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

function notStarted(program: string, cause: NodeJS.ErrnoException): AppError {
  const why = cause.code === "ENOENT" ? "there is no such program" : (cause.code ?? "it did not start");
  return new AppError("request.not_found", { cause, detail: `\`${program}\` cannot be run: ${why}` });
}

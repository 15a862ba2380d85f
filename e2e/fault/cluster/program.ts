import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { launcher } from "../../support/launcher.ts";

export interface ProgramOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where what it says on standard error is kept. */
  readonly log: string;
}

/** Those that run; none of them is left behind when this process ends. */
const RUNNING = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of RUNNING) child.kill("SIGKILL");
});

/** A `countersign` that is started, killed, paused and started again. */
export class Program {
  readonly name: string;
  /** Of its next start. */
  args: readonly string[];
  private readonly options: ProgramOptions;
  private child: ChildProcess | null = null;
  private over: Promise<void> = Promise.resolve();

  constructor(options: ProgramOptions) {
    this.options = options;
    this.name = options.name;
    this.args = options.args;
  }

  get running(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves with its ready line, as JSON. @throws Error when it ends before */
  async start(): Promise<Record<string, unknown>> {
    const { env, log, name } = this.options;
    const child = spawn(launcher, this.args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    RUNNING.add(child);
    child.stderr.pipe(createWriteStream(log, { flags: "a" }));
    this.over = new Promise((resolve) => {
      child.once("close", () => {
        RUNNING.delete(child);
        resolve();
      });
    });
    return await new Promise((resolve, reject) => {
      let text = "";
      child.stdout.on("data", (part: Buffer) => {
        text += part.toString("utf8");
        const end = text.indexOf("\n");
        if (end >= 0) resolve(JSON.parse(text.slice(0, end)) as Record<string, unknown>);
      });
      child.once("close", (code, signal) => reject(new Error(`${name} ended (${String(signal ?? code)}), see ${log}`)));
    });
  }

  /** Ends it by a signal and waits for that. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.child?.kill(signal);
    await this.over;
  }

  pause(): void {
    this.child?.kill("SIGSTOP");
  }

  resume(): void {
    this.child?.kill("SIGCONT");
  }
}

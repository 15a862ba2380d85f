import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

export const launcher: string = join(import.meta.dirname, "..", "..", "bin", "countersign");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a user who has nothing of Countersign yet but the folder given. */
export function userEnvironment(folder: string, more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG } = process.env;
  return {
    PATH,
    HOME,
    LANG,
    XDG_CONFIG_HOME: join(folder, "config"),
    XDG_STATE_HOME: join(folder, "state"),
    NO_COLOR: "1",
    ...more,
  };
}

/** Runs `countersign` as a user does, to its end. */
export async function countersign(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  return await new Promise((resolve, reject) => {
    const child = spawn(launcher, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (part: Buffer) => (stdout += part.toString("utf8")));
    child.stderr.on("data", (part: Buffer) => (stderr += part.toString("utf8")));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

export interface Started {
  readonly child: ChildProcess;
  readonly ready: {
    readonly api: string;
    readonly gateway: string;
    readonly setupUrl: string | null;
    readonly pid: number;
  };
  /** Ends it as an operator does; answers its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `countersign up --json` and waits for its ready line. @throws Error with what it printed when it ends before */
export async function startUp(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Started> {
  return await started("up", args, env);
}

/** As {@link startUp}, but a control plane without a gateway of its own. */
export async function startServer(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Started> {
  return await started("server", args, env);
}

async function started(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Started> {
  const child = spawn(launcher, [command, "--json", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  let stderr = "";
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString("utf8")));
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (part: Buffer) => {
      text += part.toString("utf8");
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.on("close", (code) => reject(new Error(`${command} ended with ${String(code)}: ${stderr}`)));
  });
  return {
    child,
    ready: JSON.parse(line) as Started["ready"],
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return await closed;
    },
  };
}

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type { Sink } from "../cli.ts";
import type { Environment } from "../environment.ts";
import { visible } from "../output/visible-text.ts";
import type { WaitingApproval } from "./waiting-approvals.ts";

const BELL = "\u0007";
const KEEP_TITLE = "\u001b[22;0t";
const OLD_TITLE = "\u001b[23;0t";

/** The title of a terminal's window or tab (xterm control sequences, OSC 0); the one before comes back at the end. */
export class TerminalTitle {
  readonly #terminal: Sink;
  #kept = false;

  constructor(terminal: Sink) {
    this.#terminal = terminal;
  }

  show(title: string): void {
    if (this.#terminal.isTTY !== true) return;
    if (!this.#kept) this.#terminal.write(KEEP_TITLE);
    this.#kept = true;
    this.#terminal.write(`\u001b]0;${visible(title)}${BELL}`);
  }

  restore(): void {
    if (this.#kept) this.#terminal.write(OLD_TITLE);
    this.#kept = false;
  }
}

export function ringBell(terminal: Sink): void {
  if (terminal.isTTY === true) terminal.write(BELL);
}

/**
 * A notification of the desktop, where there is one. It names the agent alone: what a program is started with, every user of the
 * machine can read. False when this machine has no way.
 */
export function notifyDesktop(
  { agent }: WaitingApproval,
  env: Pick<Environment, "hasDisplay" | "platform" | "path">,
): boolean {
  const text = `${visible(agent).slice(0, 64)} waits for your signature`;
  const [program, args] =
    env.platform === "darwin"
      ? ["osascript", ["-e", SHOW, "Countersign", text]]
      : ["notify-send", ["--app-name=Countersign", "Countersign", text]];
  const found = env.hasDisplay ? env.path.map((folder) => join(folder, program)).find(isProgram) : undefined;
  if (found === undefined) return false;
  const child = spawn(found, args, { detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
  return true;
}

/** AppleScript: title and text are its arguments, so nothing in them is code. */
const SHOW = "on run {title, said}\ndisplay notification said with title title\nend run";

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as nextTurn } from "node:timers/promises";
import type { CommandLine } from "./command-line.ts";

/** What a client understands of a hook's answer. */
export interface HookRan {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The reason of a refusal; null: the client goes on. */
  readonly refused: string | null;
}

/** A coding agent's client as far as its hooks see one: each event is a process of its own, as the client starts it. */
export class HookClient {
  readonly cli: CommandLine;
  readonly cwd: string;
  readonly session: string;
  readonly agent: string;
  #uses = 0;

  constructor(
    cli: CommandLine,
    { cwd, session, agent = "coder" }: { readonly cwd: string; readonly session: string; readonly agent?: string },
  ) {
    this.cli = cli;
    this.agent = agent;
    this.cwd = cwd;
    this.session = session;
    mkdirSync(runtimeDir(cli), { recursive: true, mode: 0o700 });
  }

  /** One use of the shell of Claude Code, before it runs. */
  async shell(command: string): Promise<HookRan> {
    return await this.before("Bash", { command });
  }

  async before(tool: string, input: object, id = `toolu_${String((this.#uses += 1))}`): Promise<HookRan> {
    return await this.tell("PreToolUse", { tool_name: tool, tool_input: input, tool_use_id: id });
  }

  async tell(event: string, more: object): Promise<HookRan> {
    return await this.raw(
      JSON.stringify({
        session_id: this.session,
        transcript_path: "/dev/null",
        cwd: this.cwd,
        permission_mode: "default",
        hook_event_name: event,
        ...more,
      }),
    );
  }

  async raw(input: string | Buffer): Promise<HookRan> {
    const env = { ...this.cli.env, XDG_RUNTIME_DIR: runtimeDir(this.cli) };
    const args = ["hook", "claude-code", "--agent", this.agent];
    const child = spawn(this.cli.program, args, { cwd: this.cwd, env, stdio: "pipe", timeout: 60_000 });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { code, stdout, stderr, refused: refusedBy({ code, stdout, stderr }) };
  }
}

/** As Claude Code reads it: exit code 2, or a decision within JSON; any other answer lets the tool run. */
function refusedBy({ code, stdout, stderr }: Omit<HookRan, "refused">): string | null {
  if (code === 2) return stderr;
  if (stdout === "") return null;
  const said = JSON.parse(stdout) as {
    hookSpecificOutput?: { permissionDecision?: string; permissionDecisionReason?: string };
  };
  const { permissionDecision, permissionDecisionReason } = said.hookSpecificOutput ?? {};
  return permissionDecision === "deny" ? (permissionDecisionReason ?? "") : null;
}

export function runtimeDir(cli: CommandLine): string {
  return join(cli.cwd, "run");
}

/** Ends the resident that hooks of this command line started, and waits until it is gone. */
export async function endResident(cli: CommandLine): Promise<void> {
  const mine = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isResidentOf(cli, name));
  for (const pid of mine) process.kill(Number(pid), "SIGTERM");
  while (mine.some((pid) => isResidentOf(cli, pid))) await nextTurn(20);
}

function isResidentOf(cli: CommandLine, pid: string): boolean {
  const line = commandLineOf(pid);
  return line.includes("resident-main.ts") && line.includes(`${runtimeDir(cli)}/`);
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

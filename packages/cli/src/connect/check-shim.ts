import { AppError } from "@countersign/core";
import type { Cli } from "../cli.ts";
import type { Client as ControlPlane } from "../client/api.ts";
import { textAt } from "../client/fields.ts";
import { STATUS_TOOL } from "../mcp/local-answers.ts";
import { NOTHING_PLAIN, toolsOf } from "../upstreams/known-server.ts";

/** The command that a client starts from now on. */
export interface ShimCommand {
  readonly upstream: string;
  readonly agent: string;
  readonly command: readonly [string, ...string[]];
}
export interface CheckedShim {
  readonly upstream: string;
  /** How many tools came back, or why none did. */
  readonly tools: number | null;
  readonly why: string | null;
}

const CHECK_SECONDS = 60;

/**
 * Starts the command as the client will, and lists the tools once: through the real shim and the real gateway, under a task of its own. The
 * task names no program, so that the first one that acts as this agent is the client and not this check.
 */
export async function checkShim(control: ControlPlane, cli: Cli, shim: ShimCommand): Promise<CheckedShim> {
  const { upstream, agent, command } = shim;
  try {
    const body = { agent, purpose: "check of the connection", ttlSeconds: CHECK_SECONDS };
    const task = textAt(await control.json({ as: "session", path: "/v1/tasks", body }), "id");
    try {
      const surroundings = Object.entries(cli.env.variables).filter(([name]) => /^(COUNTERSIGN|XDG)_/.test(name));
      const env = Object.fromEntries(
        surroundings.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      );
      const tools = await toolsOf(
        {
          name: upstream,
          reach: { command: [...command, "--task", task], cwd: cli.env.cwd },
          plain: { ...NOTHING_PLAIN, env },
          secrets: { env: {}, headers: {}, bearer: null },
        },
        cli,
      );
      if (tools.some(({ name }) => name === STATUS_TOOL))
        return { upstream, tools: null, why: "it reached no gateway" };
      return { upstream, tools: tools.filter(({ name }) => !name.startsWith("countersign_")).length, why: null };
    } finally {
      await control.json({ as: "session", method: "POST", path: `/v1/tasks/${task}/end`, body: {} });
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { upstream, tools: null, why: error.message };
  }
}

import { basename } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pooledRandom } from "@countersign/credentials";
import { readRuntime } from "@countersign/device";
import type { Surroundings } from "../cli.ts";
import { createClient } from "../client/client.ts";
import type { SignInContext } from "../client/sign-in.ts";
import { thisDevice } from "../client/this-device.ts";
import type { Environment } from "../environment.ts";
import { GatewayPost } from "../mcp/gateway-post.ts";
import { PostureReports } from "../mcp/posture-reports.ts";
import { TaskLink } from "../mcp/task-link.ts";
import { governedServers } from "./governed-servers.ts";
import { clientProcess, isAlive } from "./client-process.ts";
import { ClientSession, type ClientSessionOptions } from "./client-session.ts";
import { ClientSessions, type HookCall } from "./client-sessions.ts";
import { listenForHooks } from "./resident.ts";

export interface ResidentOptions {
  /** Path of the socket, in a folder that only this user can enter. */
  readonly place: string;
  /** `--server` and `--data`, as the hook was given them. */
  readonly flags: readonly string[];
  readonly env: Environment;
  readonly signal: AbortSignal;
}

const SWEEP_MS = 2000;
/** Sweeps without a session after which it ends. */
const IDLE_SWEEPS = 60;

/** Serves the hooks of one user until there has been no session for a while, or it is told to stop. */
export async function runResident({ place, flags, env, signal }: ResidentOptions): Promise<void> {
  const cli = surroundings(env, signal);
  const client = createClient({ server: flag(flags, "--server"), data: flag(flags, "--data") }, cli);
  const context: SignInContext = { client, cli, device: async () => await Promise.resolve(thisDevice(cli)) };
  const posture = new PostureReports(context);
  const gateway = new GatewayPost({ transport: client.transport, now: cli.now, random: cli.random });
  const sessions = new ClientSessions({ make: (call) => makeSession(call, { context, posture, gateway }), isAlive });
  const server = await listenForHooks(place, sessions);
  try {
    for (let idle = 0; server !== null && !signal.aborted && idle < IDLE_SWEEPS;) {
      await cli.pause(SWEEP_MS);
      await sessions.sweep();
      idle = sessions.size === 0 ? idle + 1 : 0;
    }
  } finally {
    server?.close();
    posture.stop();
    await sessions.close();
    client.close();
  }
}

interface Shared {
  readonly context: SignInContext;
  readonly posture: PostureReports;
  readonly gateway: GatewayPost;
}

function makeSession({ client, agent, home, parent, event }: HookCall, shared: Shared): ClientSession {
  const pid = clientProcess(parent);
  const folder = event.kind === "before" ? basename(event.use.cwd) : "";
  const link = (purpose: string | null): TaskLink =>
    new TaskLink({
      context: shared.context,
      agent,
      purpose: purpose ?? `work in ${folder || "/"}`,
      task: null,
      runtime: async () => (pid === null ? null : await readRuntime(pid)),
      reportPosture: async () => await shared.posture.fresh(),
    });
  const servers: ClientSessionOptions["servers"] = (cwd, started) =>
    governedServers(client, { ...shared.context.cli.env, home, cwd }, started);
  return new ClientSession({ client, link, gateway: shared.gateway, home, servers, process: pid });
}

/** What a process lends that nobody watches: no streams, no pages. */
function surroundings(env: Environment, signal: AbortSignal): Surroundings {
  return {
    env,
    stdin: process.stdin,
    stdout: { write: () => true },
    stderr: { write: () => true },
    now: Date.now,
    random: pooledRandom(),
    pause: async (milliseconds) => {
      await wait(milliseconds, undefined, { signal }).catch(() => undefined);
    },
    signal,
    onSignal: () => () => undefined,
    openPage: () => false,
  };
}

function flag(flags: readonly string[], name: string): string | undefined {
  return flags.includes(name) ? flags[flags.indexOf(name) + 1] : undefined;
}

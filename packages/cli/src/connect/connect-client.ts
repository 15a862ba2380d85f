import { basename } from "node:path";
import { AppError } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { DEFAULT_SERVER } from "../client/places.ts";
import type { SignInContext } from "../client/sign-in.ts";
import { hookSettings } from "../hooks/settings/hook-settings.ts";
import { plannedLauncher } from "../start/launcher.ts";
import { grantsFor } from "../upstreams/judge-tools.ts";
import type { Client } from "./clients/client.ts";
import type { EditPlace, EditPlan } from "./edit/index.ts";
import { planConnect } from "./plan-connect.ts";
import { type ConnectAsk, type GuardedServer, type WaitingPage, proposeConnection } from "./propose.ts";
import type { ClientReading } from "./read-client.ts";
import { type AskedServer, type Survey, nameServers, surveyClient } from "./survey.ts";

const AGENT_DAYS = 30;

/** One client that is being connected. */
export interface Connecting {
  readonly client: Client;
  readonly reading: ClientReading;
  readonly place: EditPlace;
  readonly agent: string;
  /** The client's own shell, edits and fetches are asked about too. */
  readonly hooks: boolean;
  readonly context: SignInContext;
  readonly cli: Cli;
}
/** What would be signed and what would be written. Nothing has happened yet. */
export interface ConnectPlan {
  readonly survey: Survey;
  readonly servers: readonly (AskedServer & GuardedServer)[];
  readonly ask: ConnectAsk;
}

/** Looks at everything that a connection needs. Starts the client's servers once, as their client does; changes nothing. */
export async function planConnection(connecting: Connecting): Promise<ConnectPlan> {
  const { reading, context, cli } = connecting;
  return planFor(connecting, await surveyClient(reading, context.client, cli), new Set());
}

function planFor(connecting: Connecting, survey: Survey, avoid: ReadonlySet<string>): ConnectPlan {
  const { client, agent, hooks, cli } = connecting;
  const servers = nameServers(client, survey, avoid);
  // Entries that are reached the same way are one upstream.
  const guarded = servers.filter(({ upstream }, at) => servers.findIndex((one) => one.upstream === upstream) === at);
  const folder = basename(cli.env.cwd) || "/";
  return {
    survey,
    servers,
    ask: {
      client: client.id,
      label: client.name,
      servers: guarded,
      agent: {
        name: agent,
        purpose: `${client.name}: work in ${folder}`,
        grants: [
          ...guarded.flatMap(({ server, tools, upstream }) => grantsFor(server, tools, upstream)),
          ...(hooks ? [{ action: `tool:${client.id}/**`, resource: "**" }] : []),
        ],
        expiresAt: new Date(cli.now() + AGENT_DAYS * 86_400_000).toISOString(),
      },
    },
  };
}

/** The files as they would be; they say where the control plane is when the shim would look for another one. */
export async function planFiles(connecting: Connecting, { servers }: ConnectPlan): Promise<readonly EditPlan[]> {
  const { client, place, agent, cli } = connecting;
  const named = servers.map(({ found, upstream }) => ({ name: found.name, list: found.list, upstream }));
  const launch = { launcher: plannedLauncher(cli.env), agent, more: await whereabouts(connecting) };
  const also = connecting.hooks ? hookSettings(client.id, launch, { around: cli.env, place }) : [];
  return planConnect({ client, servers: named, also, ...launch }, place);
}

/** `--server URL` where the control plane is not at its usual address. */
export async function whereabouts({ context }: Pick<Connecting, "context">): Promise<readonly string[]> {
  const server = await context.client.server();
  return server === DEFAULT_SERVER ? [] : ["--server", server];
}

/** A plan that the control plane takes, and the page on which it is signed; the page is null when all of it is in force. */
export async function propose(
  connecting: Connecting,
  plan: ConnectPlan,
): Promise<{ readonly plan: ConnectPlan; readonly page: WaitingPage | null }> {
  const avoid = new Set<string>();
  for (let now = plan; ;) {
    try {
      return { plan: now, page: await proposeConnection(connecting.context, now.ask) };
    } catch (error) {
      const other = error instanceof AppError ? error.details["upstream"] : undefined;
      if (typeof other !== "string" || avoid.has(other)) throw error;
      // It is reached the same way, but with another secret: an upstream of its own.
      avoid.add(other);
      now = planFor(connecting, plan.survey, avoid);
    }
  }
}

import { AppError, type JsonObject } from "@countersign/core";
import type { Surroundings } from "../cli.ts";
import type { Client } from "../client/api.ts";
import { listAt } from "../client/fields.ts";
import type { StoredSession } from "../client/session-file.ts";
import { type Installation, readInstallation } from "./installation.ts";

/** What can be seen of the chain from this machine. Null: it could not be asked. */
export interface ChainFacts {
  readonly server: string;
  /** Why the server cannot be reached, or null. */
  readonly unreachable: string | null;
  readonly installation: Installation | null;
  /** The session of this machine, when the server still knows it. */
  readonly session: StoredSession | null;
  /** Why the session does not count, or null. */
  readonly sessionFault: string | null;
  readonly device: JsonObject | null;
  readonly agents: readonly JsonObject[];
  readonly upstreams: readonly JsonObject[];
  readonly tasks: readonly JsonObject[];
  readonly now: number;
}

/** Asks the control plane for each link of the chain. Never rejects because a link is broken: that is what it is asked for. */
export async function readChainFacts(client: Client, { now }: Surroundings): Promise<ChainFacts> {
  const server = await client.server();
  const none = {
    server,
    installation: null,
    session: null,
    sessionFault: null,
    device: null,
    agents: [],
    upstreams: [],
    tasks: [],
    now: now(),
  };
  try {
    await client.raw({ as: "anyone", path: "/healthz" });
  } catch (error) {
    return { ...none, unreachable: said(error) };
  }
  const session = await client.session();
  const sessionFault = session === null ? null : await faultOf(client);
  const valid = sessionFault === null ? session : null;
  const facts = { ...none, unreachable: null, session: valid, sessionFault };
  const status = await tried(async () => await client.json({ as: "near", path: "/v1/status" }));
  if (status === null) return facts;
  const devices = await list(client, "devices");
  return {
    ...facts,
    installation: readInstallation(status),
    device: devices.find(({ id }) => id === valid?.device.id) ?? null,
    agents: (await list(client, "agents")).filter(isActive),
    upstreams: (await list(client, "upstreams")).filter(isActive),
    tasks: (await list(client, "tasks")).filter((task) => task["status"] === "live"),
  };
}

async function faultOf(client: Client): Promise<string | null> {
  try {
    await client.json({ as: "session", path: "/v1/me" });
    return null;
  } catch (error) {
    return said(error);
  }
}

async function list(client: Client, kind: string): Promise<readonly JsonObject[]> {
  return (await tried(async () => listAt(await client.json({ as: "near", path: `/v1/${kind}` }), kind))) ?? [];
}

function isActive({ status }: JsonObject): boolean {
  return status === "active";
}

async function tried<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

function said(error: unknown): string {
  if (error instanceof AppError) return error.message;
  throw error;
}

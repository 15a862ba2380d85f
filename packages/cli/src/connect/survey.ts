import { AppError, type JsonObject } from "@countersign/core";
import type { Cli } from "../cli.ts";
import type { Client as ControlPlane } from "../client/api.ts";
import { listAt, nameOf } from "../client/fields.ts";
import { type KnownServer, reachOf, toolsOf } from "../upstreams/known-server.ts";
import { NO_CORRECTIONS, judgeTools } from "../upstreams/judge-tools.ts";
import type { Client } from "./clients/client.ts";
import { knownServerOf } from "./known-server-of.ts";
import type { GuardedServer } from "./propose.ts";
import type { ClientReading, FoundServer } from "./read-client.ts";

/** A server of a client that was asked for its tools. */
export type AskedServer = Omit<GuardedServer, "upstream"> & { readonly found: FoundServer };
/** What was found of a client, and what can be done with it. */
export interface Survey {
  /** Servers that go through Countersign from now on. */
  readonly fresh: readonly AskedServer[];
  /** Servers that do so already. */
  readonly governed: readonly FoundServer[];
  /** Servers that stay as they are, with the reason. */
  readonly left: readonly { readonly name: string; readonly why: string }[];
  /** Upstreams in force, as far as they can be seen: before anybody is signed in they may not be. */
  readonly known: readonly JsonObject[];
}

/** Asks each server of a client for its tools. Rejects for none of them. */
export async function surveyClient(reading: ClientReading, control: ControlPlane, cli: Cli): Promise<Survey> {
  const open = reading.servers.filter((server) => server.governed === null);
  const known = await upstreamsOf(control);
  const startsHere = isHere(await control.server(), control);
  const looked = await Promise.all(open.map(async (found) => await lookAt(found, { cli, startsHere })));
  return {
    known,
    governed: reading.servers.filter((server) => server.governed !== null),
    fresh: looked.filter((one) => one.ok),
    left: looked.flatMap((one) => (one.ok ? [] : [{ name: one.found.name, why: one.why }])),
  };
}

type Looked =
  | (AskedServer & { readonly ok: true })
  | { readonly ok: false; readonly found: FoundServer; readonly why: string };

async function lookAt(
  found: FoundServer,
  { cli, startsHere }: { readonly cli: Cli; readonly startsHere: boolean },
): Promise<Looked> {
  if (!found.enabled) return { ok: false, found, why: "is switched off" };
  const carried = knownServerOf(found, cli.env);
  if (!carried.ok) return { ok: false, found, why: carried.why };
  const { server } = carried;
  if (!startsHere && "command" in server.reach)
    return { ok: false, found, why: "is a program of this machine, and the control plane runs on another" };
  try {
    const tools = judgeTools(await toolsOf(server, cli), server, NO_CORRECTIONS);
    return { ok: true, found, server, tools };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { ok: false, found, why: error.message };
  }
}

async function upstreamsOf(control: ControlPlane): Promise<readonly JsonObject[]> {
  try {
    const list = listAt(await control.json({ as: "near", path: "/v1/upstreams" }), "upstreams");
    return list.filter(({ status }) => status === "active");
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}

function isHere(server: string, { places }: ControlPlane): boolean {
  return places.socketPath !== null || ["localhost", "127.0.0.1", "[::1]"].includes(new URL(server).hostname);
}

/**
 * Gives each server the name under which it is guarded: that of the upstream which is reached the same way, else its own, else one with the
 * client's before it. `avoid`: upstreams that only seemed to be the same.
 */
export function nameServers(
  { id }: Pick<Client, "id">,
  { fresh, known }: Survey,
  avoid: ReadonlySet<string>,
): readonly (AskedServer & GuardedServer)[] {
  const taken = new Set(known.map((one) => nameOf(one)));
  return fresh.map((asked) => {
    const same = known.find((one) => !avoid.has(nameOf(one)) && isReached(one, reachOf(asked.server)));
    const upstream = same === undefined ? freeName(asked.server, id, taken) : nameOf(same);
    taken.add(upstream);
    return { ...asked, upstream };
  });
}

function freeName({ name }: KnownServer, client: string, taken: ReadonlySet<string>): string {
  const letters = name.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, "-");
  const plain = letters.replaceAll(/^[-_]+|-+$/g, "").slice(0, 40) || "server";
  const tries = [plain, `${client}-${plain}`];
  for (let number = 2; ; number += 1) {
    const free = tries.find((one) => !taken.has(one));
    if (free !== undefined) return free;
    tries.splice(0, tries.length, `${client}-${plain}-${String(number)}`);
  }
}

function isReached(upstream: JsonObject, reach: JsonObject): boolean {
  return ["command", "cwd", "url"].every(
    (part) => JSON.stringify(upstream[part] ?? null) === JSON.stringify(reach[part] ?? null),
  );
}

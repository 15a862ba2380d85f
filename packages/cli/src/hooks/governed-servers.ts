import { AppError, type Json } from "@countersign/core";
import type { HookClient } from "@countersign/gateway";
import { clientOf } from "../connect/clients/index.ts";
import { placeOf, readClient } from "../connect/read-client.ts";
import type { Environment } from "../environment.ts";
import { OWN_LAUNCHER, launcherPath } from "../start/launcher.ts";

/**
 * What a client calls its MCP servers that are started as `countersign mcp UPSTREAM`, with the upstream: their calls reach the gateway anyway.
 * A name that stands for different things in different files is none of them, nor is another program of our name, which any repository may
 * bring along. Nothing where the configuration cannot be read. `started`: the command behind a call, where the client tells it (Cursor).
 */
export function governedServers(
  client: HookClient,
  env: Pick<Environment, "home" | "cwd" | "platform" | "variables" | "defaultDataDir">,
  started: Json | undefined,
): Readonly<Record<string, string>> {
  const isOurs = (launcher: string): boolean => launcher === OWN_LAUNCHER || launcher === launcherPath(env);
  if (typeof started === "string" && !isOurs(programIn(started))) return {};
  try {
    const known = clientOf(client);
    const { servers } = readClient(known, env, { place: placeOf(known, env, env.defaultDataDir) });
    const byName = Map.groupBy(servers, ({ name }) => name);
    return Object.fromEntries(
      [...byName].flatMap(([name, [first, ...more]]) => {
        const upstream = first?.governed?.server;
        const isOne = [first, ...more].every(
          (one) => one?.governed?.server === upstream && isOurs(one?.governed?.launcher ?? ""),
        );
        return upstream !== undefined && isOne ? [[name, upstream]] : [];
      }),
    );
  } catch (error) {
    if (error instanceof AppError) return {};
    throw error;
  }
}

function programIn(command: string): string {
  const [, double, single, bare] = /^(?:"([^"]+)"|'([^']+)'|(\S+))\s/.exec(command) ?? [];
  return double ?? single ?? bare ?? "";
}

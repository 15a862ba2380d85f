import { AppError } from "@countersign/core";
import type { HookClient } from "@countersign/gateway";
import { clientOf } from "../connect/clients/index.ts";
import { placeOf, readClient } from "../connect/read-client.ts";
import type { Environment } from "../environment.ts";

/**
 * What a client calls its MCP servers that are started as `countersign mcp UPSTREAM`, with the upstream: their calls reach the gateway anyway.
 * A name that stands for different things in different files is none of them. Nothing where the configuration cannot be read.
 */
export function governedServers(
  client: HookClient,
  env: Pick<Environment, "home" | "cwd" | "platform" | "variables" | "defaultDataDir">,
): Readonly<Record<string, string>> {
  try {
    const known = clientOf(client);
    const { servers } = readClient(known, env, { place: placeOf(known, env, env.defaultDataDir) });
    const byName = Map.groupBy(servers, ({ name }) => name);
    return Object.fromEntries(
      [...byName].flatMap(([name, [first, ...more]]) => {
        const upstream = first?.governed?.server;
        return upstream !== undefined && more.every(({ governed }) => governed?.server === upstream)
          ? [[name, upstream]]
          : [];
      }),
    );
  } catch (error) {
    if (error instanceof AppError) return {};
    throw error;
  }
}

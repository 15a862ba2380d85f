import { join } from "node:path";
import { type Json, isJsonObject } from "@countersign/core";
import type { Client, Launch, ServerList, Surroundings, Transport } from "./clients/client.ts";
import { transportOf } from "./clients/transport.ts";
import { type EditPlace, readConfig, valueAt } from "./edit/index.ts";

/** A server that a client has. */
export interface FoundServer {
  /** As the client calls it. */
  readonly name: string;
  readonly list: ServerList;
  readonly enabled: boolean;
  /** What the client starts or calls; null when it cannot be carried over: `trouble` says why, for a person, without secrets. */
  readonly transport: Transport | null;
  readonly trouble: string | null;
  /** It goes through Countersign already. */
  readonly governed: { readonly server: string; readonly agent: string; readonly launcher: string } | null;
}

export interface ClientReading {
  readonly servers: readonly FoundServer[];
  /** All files that the client may have; those that are there have `exists`. The first is where a new server would go. */
  readonly lists: readonly (ServerList & { readonly exists: boolean })[];
}

/** Whose backups, and the folders in which this client's files may lie. `stateDir`: `$XDG_STATE_HOME/countersign`. */
export function placeOf(client: Client, around: Surroundings, stateDir: string): EditPlace {
  const named = [
    "CODEX_HOME",
    "CLAUDE_CONFIG_DIR",
    "XDG_CONFIG_HOME",
    "OPENCODE_CONFIG_DIR",
    "GEMINI_CLI_HOME",
    "APPDATA",
  ];
  const folders = named.flatMap((name) => around.variables[name] ?? []);
  return { owner: client.id, stateDir, roots: [around.home, around.cwd, ...folders] };
}

/**
 * Reads the servers of a client. Starts none of them.
 * @param configFile instead of the files of the client: one file that has its form
 * @throws AppError `config.invalid` when a file is there but cannot be read
 */
export function readClient(
  client: Client,
  around: Surroundings,
  { place, configFile }: { readonly place: EditPlace; readonly configFile?: string },
): ClientReading {
  const [first, ...rest] = onceEach(client.lists(around));
  if (first === undefined) return { servers: [], lists: [] };
  const lists = configFile === undefined ? [first, ...rest] : [{ ...first, path: join(around.cwd, configFile) }];
  const read = lists.map((list) => ({ list, config: readConfig(list, place) }));
  return {
    lists: read.map(({ list, config }) => ({ ...list, exists: config.bytes !== null })),
    servers: read.flatMap(({ list, config }) => {
      const entries = valueAt(config.value, list.at);
      if (!isJsonObject(entries)) return [];
      return Object.entries(entries).flatMap(([name, entry]) => found(client, around, { name, entry, list }) ?? []);
    }),
  };
}

/** In the home folder the project's file and the user's can be one and the same. */
function onceEach(lists: readonly ServerList[]): readonly ServerList[] {
  const place = ({ path, at }: ServerList): string => JSON.stringify([path, at]);
  return lists.filter((list, index) => lists.findIndex((other) => place(other) === place(list)) === index);
}

interface Named {
  readonly name: string;
  readonly entry: Json;
  readonly list: ServerList;
}

function found(client: Client, around: Surroundings, { name, entry, list }: Named): FoundServer | null {
  const raw = isJsonObject(entry) ? client.read(entry) : null;
  if (raw === null) return null;
  const base = { name, list, enabled: raw.enabled };
  const governed = raw.command === null ? null : governedBy({ command: raw.command, args: raw.args });
  if (governed !== null) return { ...base, governed, transport: null, trouble: null };
  const read = transportOf(raw, { around, references: client.references });
  return read.ok
    ? { ...base, governed, transport: read.transport, trouble: null }
    : { ...base, governed, transport: null, trouble: read.trouble };
}

/** `…/countersign mcp SERVER --agent NAME` */
export function governedBy({ command, args }: Launch): FoundServer["governed"] {
  const [word, server, flag, agent] = args;
  const ours = /(^|[/\\])countersign(\.(cmd|exe))?$/.test(command) && word === "mcp" && flag === "--agent";
  return ours && server !== undefined && agent !== undefined ? { server, agent, launcher: command } : null;
}

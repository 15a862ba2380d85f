import { isAbsolute } from "node:path";
import { isJsonObject } from "@countersign/core";
import type { Client, Launch, ServerList } from "./clients/client.ts";
import {
  type Edit,
  type EditFile,
  type EditPlace,
  type EditPlan,
  planEdits,
  readConfig,
  valueAt,
} from "./edit/index.ts";
import { refused } from "./edit/config-file.ts";

/** What shall go through Countersign. */
export interface Connection {
  readonly client: Client;
  /** `upstream`: the name that the server has in Countersign. A name that the list does not have yet is added. */
  readonly servers: readonly { readonly name: string; readonly list: ServerList; readonly upstream: string }[];
  /** Absolute path of the launcher. */
  readonly launcher: string;
  /** Name or id of the agent. */
  readonly agent: string;
  /** Further words of the command: where the control plane is. */
  readonly more?: readonly string[];
  /** What else changes, in these files or in others: the hooks. */
  readonly also?: readonly FileEdits[];
}
interface FileEdits {
  readonly file: EditFile;
  readonly edits: readonly Edit[];
}

/**
 * The new text of each file; nothing is written. Of an entry only what says how the server is reached changes.
 * @throws AppError `config.invalid` when a file cannot be read or cannot be changed without damage
 */
export function planConnect(connection: Connection, place: EditPlace): readonly EditPlan[] {
  const { servers, launcher, also = [] } = connection;
  if (!isAbsolute(launcher)) throw refused(`\`${launcher}\` is not an absolute path; name the launcher from the root`);
  const wanted = [...servers.map((server) => entryEdits(connection, server, place)), ...also];
  const files = Map.groupBy(wanted, ({ file }) => file.path);
  return [...files.values()].flatMap((inFile) => {
    const file = inFile[0]?.file;
    if (file === undefined) return [];
    return [
      planEdits(
        file,
        inFile.flatMap(({ edits }) => edits),
        place,
      ),
    ];
  });
}

function entryEdits(
  { client, launcher, agent, more = [] }: Connection,
  { name, list, upstream }: Connection["servers"][number],
  place: EditPlace,
): FileEdits {
  const file: EditFile = { path: list.path, format: list.format };
  const path = [...list.at, name];
  const old = valueAt(readConfig(file, place).value, path);
  const launch: Launch = { command: launcher, args: ["mcp", upstream, "--agent", agent, ...more] };
  const change = client.write(launch, name, isJsonObject(old) ? old : null);
  if (!isJsonObject(old)) return { file, edits: [{ kind: "set", path, value: present(change) }] };
  const edits = Object.entries(change).map<Edit>(([key, next]) =>
    next === undefined
      ? { kind: "remove", path: [...path, key], group: name }
      : { kind: "set", path: [...path, key], value: next, group: name },
  );
  return { file, edits };
}

function present(change: ReturnType<Client["write"]>): Record<string, never> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Record<string, never>;
}

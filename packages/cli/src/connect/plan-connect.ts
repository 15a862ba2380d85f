import { isAbsolute } from "node:path";
import { isJsonObject } from "@countersign/core";
import type { Client, Launch, ServerList } from "./clients/client.ts";
import { type Edit, type EditPlace, type EditPlan, planEdits, readConfig, valueAt } from "./edit/index.ts";
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
}

/**
 * The new text of each file; nothing is written. Of an entry only what says how the server is reached changes.
 * @throws AppError `config.invalid` when a file cannot be read or cannot be changed without damage
 */
export function planConnect(
  { client, servers, launcher, agent, more = [] }: Connection,
  place: EditPlace,
): readonly EditPlan[] {
  if (!isAbsolute(launcher)) throw refused(`\`${launcher}\` is not an absolute path; name the launcher from the root`);
  const files = Map.groupBy(servers, ({ list }) => list.path);
  return [...files.values()].flatMap((inFile) => {
    const file = inFile[0]?.list;
    if (file === undefined) return [];
    const { value } = readConfig(file, place);
    const edits = inFile.flatMap(({ name, list, upstream }) => {
      const path = [...list.at, name];
      const old = valueAt(value, path);
      const launch: Launch = { command: launcher, args: ["mcp", upstream, "--agent", agent, ...more] };
      const change = client.write(launch, name, isJsonObject(old) ? old : null);
      if (!isJsonObject(old)) return [{ kind: "set", path, value: present(change) } satisfies Edit];
      return Object.entries(change).map<Edit>(([key, next]) =>
        next === undefined
          ? { kind: "remove", path: [...path, key], group: name }
          : { kind: "set", path: [...path, key], value: next, group: name },
      );
    });
    return [planEdits({ path: file.path, format: file.format }, edits, place)];
  });
}

function present(change: ReturnType<Client["write"]>): Record<string, never> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Record<string, never>;
}

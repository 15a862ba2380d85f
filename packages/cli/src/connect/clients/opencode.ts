import { join } from "node:path";
import type { Client, ServerList } from "./client.ts";
import { textsOf, usualEntry } from "./entry.ts";
import { xdgConfig } from "./folders.ts";

/** It merges all its files; each may be `.json` or `.jsonc`. */
export const opencode: Client = {
  id: "opencode",
  name: "opencode",
  lists: (around) => {
    const { variables, cwd } = around;
    const named = variables["OPENCODE_CONFIG"];
    const folder = variables["OPENCODE_CONFIG_DIR"];
    return [
      ...both("user", join(xdgConfig(around), "opencode")),
      ...(named ? [list("user", named)] : []),
      ...(folder ? both("user", folder) : []),
      ...both("project", cwd),
      ...both("project", join(cwd, ".opencode")),
    ];
  },
  references: "brace-env",
  read: (entry) => {
    const [command, ...args] = textsOf(entry["command"]);
    const { command: _, ...rest } = entry;
    const whole = command === undefined ? rest : { ...rest, command, args };
    return usualEntry(whole, { env: "environment" });
  },
  write: ({ command, args }) => ({
    type: "local",
    command: [command, ...args],
    environment: undefined,
    cwd: undefined,
    url: undefined,
    headers: undefined,
    oauth: undefined,
  }),
  restart: "start opencode again; `opencode mcp list` shows the servers",
};

function both(scope: ServerList["scope"], folder: string): readonly ServerList[] {
  return [list(scope, join(folder, "opencode.json")), list(scope, join(folder, "opencode.jsonc"))];
}

function list(scope: ServerList["scope"], path: string): ServerList {
  return { scope, path, format: "json", at: ["mcp"] };
}

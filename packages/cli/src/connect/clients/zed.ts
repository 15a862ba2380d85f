import { join } from "node:path";
import type { JsonObject } from "@countersign/core";
import { isJsonObject } from "@countersign/core";
import type { Client } from "./client.ts";
import { REACH_GONE, usualEntry } from "./entry.ts";
import { userData, xdgConfig } from "./folders.ts";

/** An entry without command and address belongs to an extension: nobody else can run it. */
export const zed: Client = {
  id: "zed",
  name: "Zed",
  lists: (around) => {
    const { platform, home, cwd } = around;
    const macos = join(home, ".config", "zed");
    const usual = platform === "win32" ? join(userData(around), "Zed") : join(xdgConfig(around), "zed");
    const user = platform === "darwin" ? macos : usual;
    return [
      { scope: "user", path: join(user, "settings.json"), format: "json", at: ["context_servers"] },
      { scope: "project", path: join(cwd, ".zed", "settings.json"), format: "json", at: ["context_servers"] },
    ];
  },
  references: "none",
  read: (entry) => usualEntry({ ...entry, ...flat(entry) }),
  write: ({ command, args }, _name, old) => {
    if (isJsonObject(old?.["command"])) return { command: { path: command, args } };
    return { ...REACH_GONE, ...(old === null ? { source: "custom" } : {}), command, args };
  },
  restart: "Zed notices by itself; the servers are in the agent panel's settings",
};

/** Its older form keeps program, arguments and environment together under `command`. */
function flat(entry: JsonObject): JsonObject {
  const inner = entry["command"];
  if (!isJsonObject(inner)) return {};
  const { path = null, args = [], env = {} } = inner;
  return { command: path, args, env };
}

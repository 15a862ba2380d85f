import { join } from "node:path";
import type { Client } from "./client.ts";
import { textOf, textsOf, usualEntry } from "./entry.ts";
import { userData, xdgConfig } from "./folders.ts";

/** Its extensions are servers only when they are of type `stdio` or `streamable_http`. */
export const goose: Client = {
  id: "goose",
  name: "goose",
  lists: (around) => {
    const { platform, variables } = around;
    const root = variables["GOOSE_PATH_ROOT"];
    const usual =
      platform === "win32" ? join(userData(around), "Block", "goose", "config") : join(xdgConfig(around), "goose");
    const path = join(root ? join(root, "config") : usual, "config.yaml");
    return [{ scope: "user", path, format: "yaml", at: ["extensions"] }];
  },
  references: "dollar-brace",
  read: (entry) => {
    if (!["stdio", "sse", "streamable_http"].includes(textOf(entry["type"]) ?? "")) return null;
    const usual = usualEntry(entry, { command: "cmd", env: "envs", url: ["uri"] });
    if (usual === null || usual.trouble !== null) return usual;
    const keys = textsOf(entry["env_keys"]);
    if (keys.length === 0) return usual;
    const names = keys.map((key) => `\`${key}\``).join(", ");
    return {
      ...usual,
      trouble: `keeps ${names} in goose's own store; write them into \`envs\` and take them off \`env_keys\``,
    };
  },
  write: ({ command, args }, name, old) => ({
    ...(old === null ? { name, enabled: true } : {}),
    type: "stdio",
    cmd: command,
    args,
    envs: {},
    env_keys: [],
    uri: undefined,
    headers: undefined,
    cwd: undefined,
    socket: undefined,
    ...(old === null ? { timeout: 300 } : {}),
  }),
  restart: "start a new goose session",
};

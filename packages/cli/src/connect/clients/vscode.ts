import { join } from "node:path";
import type { Client } from "./client.ts";
import { REACH_GONE, usualEntry } from "./entry.ts";
import { userData } from "./folders.ts";

/** Older versions kept the servers in `settings.json`; the editor still reads them there. */
export const vscode: Client = {
  id: "vscode",
  name: "Visual Studio Code",
  lists: (around) => {
    const user = join(userData(around), "Code", "User");
    return [
      { scope: "user", path: join(user, "mcp.json"), format: "json", at: ["servers"] },
      { scope: "user", path: join(user, "settings.json"), format: "json", at: ["mcp", "servers"] },
      { scope: "project", path: join(around.cwd, ".vscode", "mcp.json"), format: "json", at: ["servers"] },
    ];
  },
  references: "env-colon",
  read: (entry) => usualEntry(entry),
  write: ({ command, args }) => ({ ...REACH_GONE, type: "stdio", command, args }),
  restart: "run `MCP: List Servers` in the command palette and restart the servers",
};

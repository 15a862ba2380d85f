import { join } from "node:path";
import type { Client } from "./client.ts";
import { REACH_GONE, usualEntry } from "./entry.ts";

export const cursor: Client = {
  id: "cursor",
  name: "Cursor",
  lists: ({ home, cwd }) => [
    { scope: "user", path: join(home, ".cursor", "mcp.json"), format: "json", at: ["mcpServers"] },
    { scope: "project", path: join(cwd, ".cursor", "mcp.json"), format: "json", at: ["mcpServers"] },
  ],
  references: "env-colon",
  read: (entry) => usualEntry(entry),
  write: ({ command, args }) => ({ ...REACH_GONE, type: "stdio", command, args }),
  restart: "Cursor notices by itself; the servers are under Settings, MCP",
};

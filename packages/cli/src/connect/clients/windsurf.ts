import { join } from "node:path";
import type { Client } from "./client.ts";
import { REACH_GONE, usualEntry } from "./entry.ts";

export const windsurf: Client = {
  id: "windsurf",
  name: "Windsurf",
  lists: ({ home }) => [
    { scope: "user", path: join(home, ".codeium", "windsurf", "mcp_config.json"), format: "json", at: ["mcpServers"] },
  ],
  references: "env-colon",
  read: (entry) => usualEntry(entry, { url: ["serverUrl", "url"] }),
  write: ({ command, args }) => ({
    ...REACH_GONE,
    serverUrl: undefined,
    type: undefined,
    transport: undefined,
    command,
    args,
  }),
  restart: "refresh the servers in Windsurf's MCP panel",
};

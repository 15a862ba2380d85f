import { join } from "node:path";
import type { Client } from "./client.ts";
import { REACH_GONE, usualEntry } from "./entry.ts";
import { userData } from "./folders.ts";

/** Remote connectors are kept at the account, not in this file. */
export const claudeDesktop: Client = {
  id: "claude-desktop",
  name: "Claude Desktop",
  lists: (around) => [
    {
      scope: "user",
      path: join(userData(around), "Claude", "claude_desktop_config.json"),
      format: "json",
      at: ["mcpServers"],
    },
  ],
  references: "none",
  read: (entry) => usualEntry(entry),
  write: ({ command, args }) => ({ ...REACH_GONE, command, args }),
  restart: "quit Claude Desktop and open it again",
};

import { join } from "node:path";
import type { Client } from "./client.ts";
import { REACH_GONE, usualEntry } from "./entry.ts";

/** Its state file holds servers of the user and, below `projects`, those that a person added for one folder. */
export const claudeCode: Client = {
  id: "claude-code",
  name: "Claude Code",
  lists: ({ home, cwd, variables }) => {
    const state = join(variables["CLAUDE_CONFIG_DIR"] || home, ".claude.json");
    return [
      { scope: "user", path: state, format: "json", at: ["mcpServers"] },
      { scope: "project", path: state, format: "json", at: ["projects", cwd, "mcpServers"] },
      { scope: "project", path: join(cwd, ".mcp.json"), format: "json", at: ["mcpServers"] },
    ];
  },
  references: "dollar-brace",
  read: (entry) => usualEntry(entry),
  write: ({ command, args }) => ({ ...REACH_GONE, headersHelper: undefined, type: "stdio", command, args }),
  restart: "start Claude Code again; `/mcp` lists the servers",
};

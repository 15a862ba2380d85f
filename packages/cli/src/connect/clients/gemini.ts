import { join } from "node:path";
import type { Client } from "./client.ts";
import { REACH_GONE, usualEntry } from "./entry.ts";

export const gemini: Client = {
  id: "gemini",
  name: "Gemini CLI",
  lists: ({ home, cwd, variables }) => [
    {
      scope: "user",
      path: join(variables["GEMINI_CLI_HOME"] || home, ".gemini", "settings.json"),
      format: "json",
      at: ["mcpServers"],
    },
    { scope: "project", path: join(cwd, ".gemini", "settings.json"), format: "json", at: ["mcpServers"] },
  ],
  references: "dollar",
  // `url` without a `type` was the address of the SSE transport.
  read: (entry) => usualEntry(entry, { url: ["httpUrl", "url"] }),
  write: ({ command, args }) => ({
    ...REACH_GONE,
    httpUrl: undefined,
    tcp: undefined,
    type: undefined,
    authProviderType: undefined,
    command,
    args,
  }),
  restart: "start Gemini CLI again; `gemini mcp list` shows the servers",
};

import { join } from "node:path";
import { type Json, isJsonObject } from "@countersign/core";
import type { Client } from "./client.ts";
import { objectOf, textOf, usualEntry } from "./entry.ts";

/** Project files count only in folders that the person trusts. */
export const codex: Client = {
  id: "codex",
  name: "Codex CLI",
  lists: ({ home, cwd, variables }) => [
    {
      scope: "user",
      path: join(variables["CODEX_HOME"] || join(home, ".codex"), "config.toml"),
      format: "toml",
      at: ["mcp_servers"],
    },
    { scope: "project", path: join(cwd, ".codex", "config.toml"), format: "toml", at: ["mcp_servers"] },
  ],
  references: "none",
  read: (entry) => {
    const usual = usualEntry(entry, { headers: "http_headers" });
    if (usual === null) return null;
    const headers = Object.entries(objectOf(entry["env_http_headers"]));
    return {
      ...usual,
      forwarded: Object.fromEntries(forwarded(entry["env_vars"])),
      forwardedHeaders: Object.fromEntries(headers.flatMap(([name, variable]) => pair(name, variable))),
      bearerVariable: textOf(entry["bearer_token_env_var"]),
    };
  },
  // Codex gives an optional server one second, then works without its tools.
  write: ({ command, args }) => ({
    command,
    args,
    required: true,
    env: undefined,
    env_vars: undefined,
    cwd: undefined,
    url: undefined,
    bearer_token_env_var: undefined,
    http_headers: undefined,
    env_http_headers: undefined,
    oauth: undefined,
    scopes: undefined,
  }),
  restart: "start Codex again; `codex mcp list` shows the servers",
};

/** `env_vars` names variables to hand on: as texts, or as tables with a `name`. */
function forwarded(value: Json | undefined): readonly [string, string][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: Json) => {
    const name = isJsonObject(item) ? item["name"] : item;
    return typeof name === "string" ? pair(name, name) : [];
  });
}

function pair(name: string, variable: Json): [string, string][] {
  return typeof variable === "string" ? [[name, variable]] : [];
}

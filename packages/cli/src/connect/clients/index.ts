import { UsageError } from "../../command/usage-error.ts";
import { claudeCode } from "./claude-code.ts";
import { claudeDesktop } from "./claude-desktop.ts";
import type { Client } from "./client.ts";
import { codex } from "./codex.ts";
import { cursor } from "./cursor.ts";
import { gemini } from "./gemini.ts";
import { goose } from "./goose.ts";
import { opencode } from "./opencode.ts";
import { vscode } from "./vscode.ts";
import { windsurf } from "./windsurf.ts";
import { zed } from "./zed.ts";

/** Every client that `connect` knows. */
export const CLIENTS: readonly Client[] = [
  claudeCode,
  claudeDesktop,
  cursor,
  vscode,
  codex,
  gemini,
  opencode,
  goose,
  zed,
  windsurf,
];

/** @throws UsageError naming the clients that there are */
export function clientOf(id: string): Client {
  const client = CLIENTS.find((row) => row.id === id);
  if (client !== undefined) return client;
  throw new UsageError(`\`${id}\` is no client; name one of ${CLIENTS.map((row) => row.id).join(", ")}`);
}

import { claudeCode } from "./claude-code.ts";
import type { ClientShape } from "./client-shape.ts";
import { codex } from "./codex.ts";
import { cursor } from "./cursor.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";

export type HookClient = "claude-code" | "codex" | "gemini" | "cursor" | "opencode";

/** The clients whose hooks are understood, each with how it speaks. */
export const CLIENT_SHAPES: Readonly<Record<HookClient, ClientShape>> = {
  "claude-code": claudeCode,
  codex,
  gemini,
  cursor,
  opencode,
};

export function isHookClient(name: unknown): name is HookClient {
  return typeof name === "string" && Object.hasOwn(CLIENT_SHAPES, name);
}

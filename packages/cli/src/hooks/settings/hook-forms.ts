import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "@countersign/core";
import type { HookClient } from "@countersign/gateway";
import type { Surroundings } from "../../connect/clients/client.ts";
import { orRefuse } from "./hook-command.ts";

/** Before a use: without its answer nothing may run. With a prompt a session begins. After a use and a session: what is only told. */
type Kind = "asks" | "begins" | "tells";

/** How one client keeps the hooks of its user, as far as they are commands in lists by event. */
export interface HookForm {
  readonly path: (around: Surroundings) => string;
  readonly events: Readonly<Record<string, Kind>>;
  /** What stands in the list of an event. */
  readonly item: (command: string, kind: Kind) => Json;
  /** Where in an item the command is. */
  readonly handlers: "inside" | "itself";
  /** What else the file must say. */
  readonly also?: Readonly<Record<string, Json>>;
  /** When the client goes on without an answer; null: never while the entry stands. */
  readonly failsOpen: string | null;
}

/** Longest that a hook may take; it answers by itself before. */
const ASK_SECONDS = 60;
/** The first one starts the resident. */
const BEGIN_SECONDS = 15;
/** More than Codex grants at the end of a session would be another definition than the one that is trusted. */
const TELL_SECONDS = 3;
const closed = (command: string, kind: Kind): string => (kind === "asks" ? orRefuse(command) : command);
const SECONDS: Readonly<Record<Kind, number>> = { asks: ASK_SECONDS, begins: BEGIN_SECONDS, tells: TELL_SECONDS };
const seconds = (kind: Kind): number => SECONDS[kind];

/** `onFailure` is read from 2.1.295 on; older ones ignore it. */
const claudeCode: HookForm = {
  path: ({ variables, home }) => join(variables["CLAUDE_CONFIG_DIR"] || join(home, ".claude"), "settings.json"),
  events: {
    PreToolUse: "asks",
    PostToolUse: "tells",
    PostToolUseFailure: "tells",
    UserPromptSubmit: "begins",
    SessionEnd: "tells",
  },
  item: (command, kind) => ({
    hooks: [
      {
        type: "command",
        command: closed(command, kind),
        timeout: seconds(kind),
        ...(kind === "asks" ? { onFailure: "block" } : {}),
      },
    ],
  }),
  handlers: "inside",
  failsOpen: "before Claude Code 2.1.295, when the hook takes too long",
};

/** The folder of Codex, named as Codex itself names it. */
export function codexHome({ variables, home }: Surroundings): string {
  const named = variables["CODEX_HOME"];
  if (!named) return join(home, ".codex");
  try {
    return realpathSync(named);
  } catch {
    return named;
  }
}

const codex: HookForm = {
  path: (around) => join(codexHome(around), "hooks.json"),
  events: { PreToolUse: "asks", PostToolUse: "tells", UserPromptSubmit: "begins", SessionEnd: "tells" },
  item: (command, kind) => ({ hooks: [{ type: "command", command: closed(command, kind), timeout: seconds(kind) }] }),
  handlers: "inside",
  failsOpen: "when the hook takes too long, or is not trusted any more",
};

const gemini: HookForm = {
  path: ({ variables, home }) => join(variables["GEMINI_CLI_HOME"] || home, ".gemini", "settings.json"),
  events: { BeforeTool: "asks", AfterTool: "tells", BeforeAgent: "begins", SessionEnd: "tells" },
  item: (command, kind) => ({
    hooks: [{ name: "countersign", type: "command", command: closed(command, kind), timeout: seconds(kind) * 1000 }],
  }),
  handlers: "inside",
  failsOpen: "when the hook takes too long",
};

const cursor: HookForm = {
  path: ({ home }) => join(home, ".cursor", "hooks.json"),
  events: {
    preToolUse: "asks",
    beforeMCPExecution: "asks",
    postToolUse: "tells",
    postToolUseFailure: "tells",
    afterMCPExecution: "tells",
    beforeSubmitPrompt: "begins",
    sessionEnd: "tells",
  },
  item: (command, kind) => ({ command, timeout: seconds(kind), ...(kind === "asks" ? { failClosed: true } : {}) }),
  handlers: "itself",
  also: { version: 1 },
  failsOpen: null,
};

export const HOOK_FORMS: Readonly<Record<Exclude<HookClient, "opencode">, HookForm>> = {
  "claude-code": claudeCode,
  codex,
  gemini,
  cursor,
};

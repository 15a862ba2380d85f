import type { HookClient } from "@countersign/gateway";

/** The program that a client's hooks start. */
export interface HookLaunch {
  /** Absolute path of the launcher. */
  readonly launcher: string;
  /** Name or id of the agent. */
  readonly agent: string;
  /** Further words: where the control plane is. */
  readonly more?: readonly string[];
}

/** The words behind the launcher. */
export function hookWords(client: HookClient, { agent, more = [] }: HookLaunch): readonly string[] {
  return ["hook", client, "--agent", agent, ...more];
}

/** The command as clients want it, which hand it to a shell: `'/path/countersign' hook codex --agent codex`. */
export function hookCommand(client: HookClient, launch: HookLaunch): string {
  return [quoted(launch.launcher), ...hookWords(client, launch).map(plainOrQuoted)].join(" ");
}

/**
 * The command with what makes it a refusal when it cannot be started or breaks: clients go on after any exit code but 2.
 */
export function orRefuse(command: string): string {
  return command + REFUSAL;
}

/** A command without {@link orRefuse}. */
export function withoutRefusal(command: string): string {
  return command.endsWith(REFUSAL) ? command.slice(0, -REFUSAL.length) : command;
}

const REFUSAL =
  " || { [ $? = 2 ] || echo 'DENIED: the Countersign hook does not run. Nothing was done. Tell your user.' >&2; exit 2; }";

/** Whether a command is one that {@link hookCommand} makes, of this or of another version. */
export function isHookCommand(client: HookClient, command: unknown): command is string {
  return typeof command === "string" && OURS.exec(command)?.[1] === client;
}

/** The launcher that such a command starts. */
export function launcherOf(command: string): string {
  return (/^'((?:[^']|'\\'')*)'/.exec(command)?.[1] ?? "").replaceAll(String.raw`'\''`, "'");
}

const OURS = /^'(?:[^']|'\\'')*\/countersign' hook ([a-z-]+)(?: |$)/;

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function plainOrQuoted(text: string): string {
  return /^[\w@%+:,./=-]+$/.test(text) ? text : quoted(text);
}

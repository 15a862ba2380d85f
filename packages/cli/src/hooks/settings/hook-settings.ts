import { type HookClient, isHookClient } from "@countersign/gateway";
import { type Edit, type EditFile, type EditPlace, readConfig } from "../../connect/edit/index.ts";
import type { ClientId, Surroundings } from "../../connect/clients/client.ts";
import { codexTrust } from "./codex-trust.ts";
import { type HookLaunch, hookCommand, hookWords } from "./hook-command.ts";
import { HOOK_FORMS } from "./hook-forms.ts";
import { hookEdits } from "./hook-lists.ts";
import { type PluginOptions, opencodeEdits, opencodeFile } from "./opencode-entry.ts";

/** What has to change in one file of a client. */
export interface HookSetting {
  readonly file: EditFile;
  readonly edits: readonly Edit[];
}
export interface HookPlace {
  readonly around: Surroundings;
  readonly place: EditPlace;
}

/**
 * The edits after which each use of the client's own tools goes through `countersign hook`: in the user's files, since those of a project may
 * come from somebody else. Entries of other programs stay; one of ours is brought up to date. A file may be the one that names the servers.
 * Nothing for a client without hooks.
 *
 * @throws AppError `config.invalid` when a file is there but cannot be read
 */
export function hookSettings(client: ClientId, launch: HookLaunch, at: HookPlace): readonly HookSetting[] {
  if (!isHookClient(client)) return [];
  if (client !== "opencode") return listSettings(client, hookCommand(client, launch), at);
  return pluginSettings({ launcher: launch.launcher, args: hookWords(client, launch) }, at);
}

/** The same for a client that keeps commands in lists by event. */
export function listSettings(
  client: Exclude<HookClient, "opencode">,
  command: string,
  { around, place }: HookPlace,
): readonly HookSetting[] {
  const form = HOOK_FORMS[client];
  const file: EditFile = { path: form.path(around), format: "json" };
  const { edits, at } = hookEdits(client, { form, root: readConfig(file, place).value, command });
  return [{ file, edits }, ...(client === "codex" ? [codexTrust(around, command, at)] : [])];
}

/** The same for opencode, whose hooks are functions of a plugin. */
export function pluginSettings(options: PluginOptions, { around, place }: HookPlace): readonly HookSetting[] {
  const file = opencodeFile(around, place);
  return [{ file, edits: opencodeEdits(readConfig(file, place).value, options) }];
}

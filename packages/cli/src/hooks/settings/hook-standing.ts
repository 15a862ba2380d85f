import { accessSync, constants } from "node:fs";
import { AppError, type Json } from "@countersign/core";
import { type HookClient, isHookClient } from "@countersign/gateway";
import type { Client } from "../../connect/clients/client.ts";
import { CLIENTS } from "../../connect/clients/index.ts";
import { pathText, planEdits, readConfig, valueAt } from "../../connect/edit/index.ts";
import { placeOf, readClient } from "../../connect/read-client.ts";
import type { Environment } from "../../environment.ts";
import type { OfflineCheck } from "../../start/offline-checks.ts";
import { codexConfig } from "./codex-trust.ts";
import { launcherOf, withoutRefusal } from "./hook-command.ts";
import { HOOK_FORMS } from "./hook-forms.ts";
import { foundHandlers } from "./hook-lists.ts";
import { type HookPlace, listSettings, pluginSettings } from "./hook-settings.ts";
import { opencodeEntries, opencodeFile, pluginOptions } from "./opencode-entry.ts";

type Around = Pick<Environment, "home" | "cwd" | "platform" | "variables" | "defaultDataDir">;

/** For each client that is connected here: whether its own tools still go through the hook, and what happens when the hook fails. */
export function hookStandings(env: Around): readonly OfflineCheck[] {
  return CLIENTS.flatMap((client): readonly OfflineCheck[] => {
    const { id } = client;
    if (!isHookClient(id)) return [];
    const name = `hooks of ${client.name}`;
    const next = `countersign connect ${id}`;
    try {
      const at = { around: env, place: placeOf(client, env, env.defaultDataDir) };
      const standing = standingOf(id, at);
      if (standing === null) return isConnected(client, at) ? [{ name, ok: false, detail: MISSING, next }] : [];
      return [standing.ok ? { name, ...standing } : { name, next, ...standing }];
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return [{ name, ok: false, detail: error.message, next }];
    }
  });
}

const MISSING = "not there: what its shell, its editor and its fetches do is not judged";

function isConnected(client: Client, { around, place }: HookPlace): boolean {
  return readClient(client, around, { place }).servers.some(({ governed }) => governed !== null);
}

type Standing = Pick<OfflineCheck, "ok" | "detail">;

/** Null: nothing of ours stands there. */
function standingOf(client: HookClient, at: HookPlace): Standing | null {
  const found = client === "opencode" ? pluginOf(at) : listOf(client, at);
  if (found === null) return null;
  const { launcher, off, settings, failsOpen } = found;
  if (!isProgram(launcher)) return bad(`start \`${launcher}\`, which is not there`);
  if (off !== null) return bad(`are switched off by \`${off}\``);
  const plans = settings.map(({ file, edits }) => planEdits(file, edits, at.place));
  const [first, ...more] = plans.flatMap(({ before, edits }) => edits.map(({ path }) => ({ before, path })));
  if (first !== undefined) {
    const also = more.length === 0 ? "" : ` and ${String(more.length)} more`;
    return bad(`were changed since: \`${pathText(first.path)}\` in \`${first.before.file.path}\`${also}`);
  }
  return { ok: true, detail: failsOpen === null ? "fail-closed" : `in place; fails open ${failsOpen}` };
}

function bad(detail: string): Standing {
  return { ok: false, detail };
}

interface Found {
  readonly launcher: string;
  /** The setting that keeps the client from running any hook. */
  readonly off: string | null;
  /** What would stand there if nobody had changed it. */
  readonly settings: ReturnType<typeof listSettings>;
  readonly failsOpen: string | null;
}

function listOf(client: Exclude<HookClient, "opencode">, at: HookPlace): Found | null {
  const form = HOOK_FORMS[client];
  const root = readConfig({ path: form.path(at.around), format: "json" }, at.place).value;
  const [first] = foundHandlers(client, form, root);
  if (first === undefined) return null;
  const command = withoutRefusal(first.command);
  const off = client === "codex" ? codexOff(at) : offIn(root);
  return {
    launcher: launcherOf(command),
    off,
    settings: listSettings(client, command, at),
    failsOpen: form.failsOpen,
  };
}

function pluginOf(at: HookPlace): Found | null {
  const { value } = readConfig(opencodeFile(at.around, at.place), at.place);
  const [first] = opencodeEntries(value);
  if (first === undefined) return null;
  const options = pluginOptions(first.entry);
  return {
    launcher: options.launcher,
    off: null,
    settings: pluginSettings(options, at),
    failsOpen: "when opencode cannot load the plugin",
  };
}

/** Switches of Claude Code and of Gemini CLI. */
function offIn(root: Json): string | null {
  if (valueAt(root, ["disableAllHooks"]) === true) return "disableAllHooks";
  if (valueAt(root, ["hooksConfig", "enabled"]) === false) return "hooksConfig.enabled";
  const disabled = valueAt(root, ["hooksConfig", "disabled"]);
  return Array.isArray(disabled) && disabled.some((one) => /countersign/.test(String(one)))
    ? "hooksConfig.disabled"
    : null;
}

function codexOff({ around, place }: HookPlace): string | null {
  const { value } = readConfig(codexConfig(around), place);
  const off = ["hooks", "codex_hooks"].find((name) => valueAt(value, ["features", name]) === false);
  return off === undefined ? null : `features.${off}`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

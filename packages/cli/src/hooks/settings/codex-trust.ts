import { createHash } from "node:crypto";
import { join } from "node:path";
import { canonicalJson } from "@countersign/core";
import type { Edit, EditFile, Path } from "../../connect/edit/index.ts";
import type { Surroundings } from "../../connect/clients/client.ts";
import { HOOK_FORMS, codexHome } from "./hook-forms.ts";
import { GROUP } from "./hook-lists.ts";

/**
 * Codex runs a hook only when its user trusts exactly this definition, and says nothing about one that it skips. The trust stands in its
 * `config.toml` by the place of the hook, as a digest of it: `connect` shows it to the user with the hook itself.
 */
export function codexTrust(
  around: Surroundings,
  command: string,
  at: Readonly<Record<string, number>>,
): { readonly file: EditFile; readonly edits: readonly Edit[] } {
  const edits = Object.entries(at).map(([event, index]): Edit => {
    return { kind: "set", path: trustPath(around, event, index), value: trustOf(event, command), group: GROUP };
  });
  return { file: codexConfig(around), edits };
}

export function codexConfig(around: Surroundings): EditFile {
  return { path: join(codexHome(around), "config.toml"), format: "toml" };
}

/** Where the trust in the hook at this place of `hooks.json` stands. */
export function trustPath(around: Surroundings, event: string, index: number): Path {
  return ["hooks", "state", `${HOOK_FORMS.codex.path(around)}:${snake(event)}:${String(index)}:0`, "trusted_hash"];
}

/** Codex's digest of a hook: SHA-256 over the sorted JSON of its event and its definition. */
export function trustOf(event: string, command: string): string {
  const kind = HOOK_FORMS.codex.events[event] ?? "tells";
  const { hooks } = HOOK_FORMS.codex.item(command, kind) as { hooks: [object] };
  const identity = { event_name: snake(event), hooks: [{ ...hooks[0], async: false }] };
  return `sha256:${createHash("sha256").update(canonicalJson(identity)).digest("hex")}`;
}

function snake(event: string): string {
  return event.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

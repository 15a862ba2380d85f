import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { Json } from "@countersign/core";
import { type Edit, type EditFile, type EditPlace, readConfig, valueAt } from "../../connect/edit/index.ts";
import type { Surroundings } from "../../connect/clients/client.ts";
import { clientOf } from "../../connect/clients/index.ts";
import { type HookLaunch, hookWords } from "./hook-command.ts";
import { GROUP } from "./hook-lists.ts";

const PLUGIN = fileURLToPath(new URL("../opencode-plugin.mjs", import.meta.url));
const OURS = /\/hooks\/opencode-plugin\.mjs$/;

/** opencode's hooks are functions of a plugin; its options name the command that answers. */
export function opencodeEdits(
  around: Surroundings,
  launch: HookLaunch,
  place: EditPlace,
): { readonly file: EditFile; readonly edits: readonly Edit[] } {
  const file = opencodeFile(around, place);
  const wanted: Json = [PLUGIN, { launcher: launch.launcher, args: [...hookWords("opencode", launch)] }];
  const { value } = readConfig(file, place);
  const [first, ...more] = opencodeEntries(value);
  const again = more.toReversed().map(({ index }): Edit => ({ kind: "remove", path: ["plugin", index], group: GROUP }));
  if (first === undefined) return { file, edits: [{ kind: "append", path: ["plugin"], value: wanted, group: GROUP }] };
  if (isDeepStrictEqual(first.entry, wanted)) return { file, edits: again };
  return { file, edits: [{ kind: "set", path: ["plugin", first.index], value: wanted, group: GROUP }, ...again] };
}

/** Our entries among the plugins. */
export function opencodeEntries(root: Json): readonly { readonly index: number; readonly entry: Json }[] {
  const list = valueAt(root, ["plugin"]);
  const entries: readonly Json[] = Array.isArray(list) ? list : [];
  return entries.flatMap((entry, index) => {
    const name: unknown = Array.isArray(entry) ? entry[0] : entry;
    return typeof name === "string" && OURS.test(name) ? [{ index, entry }] : [];
  });
}

/** The user's file: of several the first that is there. */
export function opencodeFile(around: Surroundings, place: EditPlace): EditFile {
  const lists = clientOf("opencode")
    .lists(around)
    .filter(({ scope }) => scope === "user");
  const [first] = lists;
  const there = lists.find((list) => readConfig(list, place).bytes !== null) ?? first;
  if (there === undefined) throw new TypeError("opencode has a file of the user");
  return { path: there.path, format: there.format };
}

import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { type Json, isJsonObject } from "@countersign/core";
import { type Edit, type EditFile, type EditPlace, readConfig, valueAt } from "../../connect/edit/index.ts";
import type { Surroundings } from "../../connect/clients/client.ts";
import { clientOf } from "../../connect/clients/index.ts";
import { GROUP } from "./hook-lists.ts";

const PLUGIN = fileURLToPath(new URL("../opencode-plugin.mjs", import.meta.url));
const OURS = /\/hooks\/opencode-plugin\.mjs$/;

/** The command that answers: our plugin is told it by its options. */
export interface PluginOptions {
  readonly launcher: string;
  readonly args: readonly string[];
}

export function opencodeEdits(root: Json, { launcher, args }: PluginOptions): readonly Edit[] {
  const wanted: Json = [PLUGIN, { launcher, args: [...args] }];
  const [first, ...more] = opencodeEntries(root);
  if (first === undefined) return [{ kind: "append", path: ["plugin"], value: wanted, group: GROUP }];
  const again = more.toReversed().map(({ index }): Edit => ({ kind: "remove", path: ["plugin", index], group: GROUP }));
  if (isDeepStrictEqual(first.entry, wanted)) return again;
  return [{ kind: "set", path: ["plugin", first.index], value: wanted, group: GROUP }, ...again];
}

/** The options of one of our entries; empty where somebody changed them to something else. */
export function pluginOptions(entry: Json): PluginOptions {
  const parts: readonly Json[] = Array.isArray(entry) ? entry : [];
  const [, options] = parts;
  const { launcher, args } = isJsonObject(options) ? options : {};
  return {
    launcher: typeof launcher === "string" ? launcher : "",
    args: Array.isArray(args) ? args.filter((word) => typeof word === "string") : [],
  };
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

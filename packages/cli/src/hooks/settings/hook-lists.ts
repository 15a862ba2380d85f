import { isDeepStrictEqual } from "node:util";
import { type Json, isJsonObject } from "@countersign/core";
import type { HookClient } from "@countersign/gateway";
import { type Edit, type Path, valueAt } from "../../connect/edit/index.ts";
import { isHookCommand } from "./hook-command.ts";
import type { HookForm } from "./hook-forms.ts";

/** Edits of one group are undone together or not at all. */
export const GROUP = "hooks";

/** One of our handlers in a client's file. */
export interface FoundHandler {
  readonly event: string;
  /** Which item of the event's list. */
  readonly index: number;
  readonly path: Path;
  /** Nothing else stands in its item. */
  readonly alone: boolean;
  readonly command: string;
}

/** Where our hooks stand in the file, in any event. */
export function foundHandlers(client: HookClient, form: HookForm, root: Json): readonly FoundHandler[] {
  const hooks = valueAt(root, ["hooks"]);
  if (!isJsonObject(hooks)) return [];
  return Object.entries(hooks).flatMap(([event, items]) =>
    (Array.isArray(items) ? items : []).flatMap((item, index) => {
      const path: Path = ["hooks", event, index];
      if (form.handlers === "itself") return handlerIn(client, item, { event, index, path, alone: true });
      const inside = isJsonObject(item) ? item["hooks"] : undefined;
      const list = Array.isArray(inside) ? inside : [];
      return list.flatMap((handler, at) =>
        handlerIn(client, handler, { event, index, path: [...path, "hooks", at], alone: list.length === 1 }),
      );
    }),
  );
}

function handlerIn(client: HookClient, handler: Json, found: Omit<FoundHandler, "command">): readonly FoundHandler[] {
  const command = isJsonObject(handler) ? handler["command"] : undefined;
  return isHookCommand(client, command) ? [{ ...found, command }] : [];
}

/** The edits after which each event starts the command once, and nothing else of ours. `at`: the index at which it then stands. */
export function hookEdits(
  client: HookClient,
  { form, root, command }: { readonly form: HookForm; readonly root: Json; readonly command: string },
): { readonly edits: readonly Edit[]; readonly at: Readonly<Record<string, number>> } {
  const found = foundHandlers(client, form, root);
  const edits: Edit[] = [];
  const at: Record<string, number> = {};
  for (const [event, kind] of Object.entries(form.events)) {
    const wanted = form.item(command, kind);
    const first = found.find((one) => one.event === event && one.alone);
    const list = valueAt(root, ["hooks", event]);
    at[event] = first?.index ?? (Array.isArray(list) ? list.length : 0);
    if (first === undefined) edits.push({ kind: "append", path: ["hooks", event], value: wanted, group: GROUP });
    else if (!isDeepStrictEqual(valueAt(root, ["hooks", event, first.index]), wanted))
      edits.push({ kind: "set", path: ["hooks", event, first.index], value: wanted, group: GROUP });
  }
  return { edits: [...edits, ...alsoEdits(form), ...strayEdits(form, found, at)], at };
}

function alsoEdits({ also = {} }: HookForm): readonly Edit[] {
  return Object.entries(also).map(([key, value]) => ({ kind: "set", path: [key], value, group: GROUP }));
}

/** A second one of ours would ask twice for one use; the last in a list goes first. */
function strayEdits(
  form: HookForm,
  found: readonly FoundHandler[],
  at: Readonly<Record<string, number>>,
): readonly Edit[] {
  const strays = found.filter(
    ({ event, index, alone }) => !alone || !Object.hasOwn(form.events, event) || at[event] !== index,
  );
  return strays.toReversed().map(({ path, alone, event, index }) => ({
    kind: "remove",
    path: alone ? ["hooks", event, index] : path,
    group: GROUP,
  }));
}

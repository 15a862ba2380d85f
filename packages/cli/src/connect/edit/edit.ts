import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, isJsonObject } from "@countersign/core";

/** From the root of the document: names of keys, indexes of lists. */
export type Path = readonly (string | number)[];

/**
 * One change of a configuration file. `set` makes the objects on its way where they are missing; `append` adds to the list
 * at `path`, which it makes where it is missing; `remove` of what is not there does nothing. Edits with the same `group` are
 * undone together or not at all.
 */
export type Edit =
  | { readonly kind: "set"; readonly path: Path; readonly value: Json; readonly group?: string }
  | { readonly kind: "append"; readonly path: Path; readonly value: Json; readonly group?: string }
  | { readonly kind: "remove"; readonly path: Path; readonly group?: string };

/** What stands at `path`; undefined when nothing does. */
export function valueAt(root: Json, path: Path): Json | undefined {
  let at: Json | undefined = root;
  for (const step of path) {
    if (typeof step === "number") at = isList(at) ? at[step] : undefined;
    else at = isJsonObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  }
  return at;
}

export type Applied = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly at: Path };

/** The value of the document after the edit; not ok when something on the way is neither object nor list. */
export function applyToValue(root: Json, edit: Edit): Applied {
  const changed = change(root, edit, 0);
  return changed === BLOCKED ? { ok: false, at: edit.path } : { ok: true, value: changed ?? root };
}

/** The edit has nothing left to do. */
export function isDone(root: Json, edit: Edit): boolean {
  const there = valueAt(root, edit.path);
  if (edit.kind === "remove") return there === undefined;
  if (edit.kind === "set") return isDeepStrictEqual(there, edit.value);
  return Array.isArray(there) && there.some((item) => isDeepStrictEqual(item, edit.value));
}

/** Names a place for a person: `mcpServers.files.env`. */
export function pathText(path: Path): string {
  return path.map(String).join(".");
}

const BLOCKED = Symbol("blocked");

/** Undefined stands for "gone". */
function change(here: Json | undefined, edit: Edit, depth: number): Json | undefined | typeof BLOCKED {
  const step = edit.path[depth];
  if (step === undefined) return atTheEnd(here, edit);
  if (here === undefined && edit.kind === "remove") return undefined;
  const inside = typeof step === "number" ? listStep(here, step) : objectStep(here, step);
  if (inside === BLOCKED) return BLOCKED;
  const next = change(inside, edit, depth + 1);
  if (next === BLOCKED) return BLOCKED;
  if (typeof step === "number") return replaceItem(here as Json[], step, next);
  return replaceMember((here ?? {}) as JsonObject, step, next);
}

function atTheEnd(here: Json | undefined, edit: Edit): Json | undefined | typeof BLOCKED {
  if (edit.kind === "remove") return undefined;
  if (edit.kind === "set") return edit.value;
  if (here === undefined) return [edit.value];
  return isList(here) ? [...here, edit.value] : BLOCKED;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function listStep(here: Json | undefined, index: number): Json | undefined | typeof BLOCKED {
  return isList(here) && index < here.length ? here[index] : BLOCKED;
}

function objectStep(here: Json | undefined, key: string): Json | undefined | typeof BLOCKED {
  if (here === undefined) return undefined;
  if (!isJsonObject(here)) return BLOCKED;
  return Object.hasOwn(here, key) ? here[key] : undefined;
}

function replaceItem(list: readonly Json[], index: number, next: Json | undefined): Json[] {
  return next === undefined ? list.toSpliced(index, 1) : list.toSpliced(index, 1, next);
}

/** `fromEntries` makes own properties, also of `__proto__`. */
function replaceMember(object: JsonObject, key: string, next: Json | undefined): JsonObject {
  const rest = Object.entries(object);
  const index = rest.findIndex(([name]) => name === key);
  if (next === undefined) return Object.fromEntries(rest.filter(([name]) => name !== key));
  return Object.fromEntries(index === -1 ? [...rest, [key, next]] : rest.with(index, [key, next]));
}

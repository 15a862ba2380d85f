import { type Json, isJsonObject } from "@countersign/core";
import { type Edit, type Path, valueAt } from "../edit/edit.ts";
import type { FormatName } from "../edit/formats.ts";

/** Whether a format can hold the document, and take the edit. */
export function fits(format: FormatName, value: Json, edit?: Edit): boolean {
  if (format !== "toml") return true;
  // The parser of TOML stumbles over names of `Object.prototype` within lists of tables: such a file is left alone.
  if (/"(__proto__|toString)":/.test(JSON.stringify(value))) return false;
  return edit === undefined || !isBeyondToml(value, edit);
}

/** One of the edits that are possible in the document, chosen by chance. */
export function someEdit(value: Json, chance: () => number): Edit {
  const paths = pathsOf(value, []);
  const path = paths[Math.floor(chance() * paths.length)] ?? [];
  const there = valueAt(value, path);
  const next: Json = chance() < 0.5 ? "text" : chance() < 0.5 ? { command: "x", args: ["a"] } : ["p", { q: 1 }];
  const dice = chance();
  if (dice < 0.25 && path.length > 0) return { kind: "remove", path };
  if (dice < 0.5 && path.length > 0) return { kind: "set", path, value: next };
  const inside = isJsonObject(there) ? path : [];
  if (dice < 0.8) return { kind: "set", path: [...inside, "new", ...(chance() < 0.5 ? ["deep"] : [])], value: next };
  return { kind: "append", path: Array.isArray(there) ? path : ["more"], value: next };
}

function pathsOf(value: Json, path: Path): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...steps.flatMap((step) => pathsOf(valueAt(value, [step]) ?? null, [...path, step]))];
}

/** `[[list]]` holds tables only, and an element of it has no text of its own to replace. */
function isBeyondToml(value: Json, { path, kind }: Edit): boolean {
  const lists = path.map((_, i) => valueAt(value, path.slice(0, i + 1)));
  const inList = path.some((step, i) => typeof step === "number" && isJsonObject(lists[i]));
  return inList || (kind === "append" && Array.isArray(lists.at(-1)) && (lists.at(-1) as Json[]).some(isJsonObject));
}

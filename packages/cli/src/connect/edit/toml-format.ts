import { parse } from "@decimalturn/toml-patch";
import type { Json } from "@countersign/core";
import type { Edit, Path } from "./edit.ts";
import type { Format, ReadText } from "./formats.ts";
import { inserted, removed } from "./toml-splices.ts";
import { splice } from "./splice.ts";
import { type TomlTree, tomlTree } from "./toml-tree.ts";
import { tomlValue } from "./toml-value.ts";

/** TOML 1.0. */
export const toml: Format = { read, ways };

/** The parser recurses. */
const MAX_BYTES = 4 * 1024 * 1024;

function read(text: string): ReadText {
  if (text.length > MAX_BYTES) return { ok: false, line: 1, column: 1, why: "is too large" };
  try {
    return { ok: true, value: plain(parse(text)) };
  } catch (error) {
    const { line, column } = error as { line?: unknown; column?: unknown };
    const at = { line: typeof line === "number" ? line : 1, column: typeof column === "number" ? column + 1 : 1 };
    return { ok: false, ...at, why: error instanceof RangeError ? "is nested too deeply" : "is not valid TOML" };
  }
}

function ways(text: string, edit: Edit): readonly string[] {
  const tree = treeOf(text);
  if (tree === null) return [];
  if (edit.kind === "remove") return [removed(text, tree, edit.path), ...emptied(text, tree, edit.path)];
  const value = tree.values.find(({ path }) => same(path, edit.path));
  if (edit.kind === "set" && value !== undefined) {
    const next = tomlValue(edit.value);
    if (next !== null) return [splice(text, [{ from: value.from, to: value.to, text: next }])];
  }
  if (edit.kind === "append") return inserted(text, tree, edit);
  const without = removed(text, tree, edit.path);
  const rest = treeOf(without);
  return rest === null ? [] : inserted(without, rest, edit);
}

/** What holds nothing any more has to be written as empty when only what it held had told of it. */
function emptied(text: string, tree: TomlTree, path: Path): readonly string[] {
  const holder = path.slice(0, -1);
  if (holder.length === 0) return [];
  const without = removed(text, tree, holder);
  const rest = treeOf(without);
  const value = typeof path.at(-1) === "number" ? [] : {};
  return rest === null ? [] : inserted(without, rest, { kind: "set", path: holder, value });
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i]);
}

function treeOf(text: string): TomlTree | null {
  try {
    return tomlTree(text);
  } catch {
    return null;
  }
}

/** Dates and large integers become texts: they are only compared with themselves. */
function plain(value: unknown): Json {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "bigint") return `${String(value)}n`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value as Json;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

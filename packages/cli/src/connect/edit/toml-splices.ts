import { type Json, isJsonObject } from "@countersign/core";
import type { Edit, Path } from "./edit.ts";
import { type Splice, afterLine, indentAt, lineEndOf, lineStart, lineStop, splice } from "./splice.ts";
import { type Block, type TomlTree, type Value, startsWith } from "./toml-tree.ts";
import { tomlKeys, tomlPair, tomlValue } from "./toml-value.ts";

/** The text without all that is written at the path or below it. Comments on lines of their own stay. */
export function removed(text: string, { blocks, values }: TomlTree, path: Path): string {
  const gone = blocks.filter((block) => block.path.length > 0 && startsWith(block.path, path));
  const inGone = (value: Value): boolean => gone.some(({ from, to }) => value.from >= from && value.to <= to);
  const pairs = values.filter((value) => startsWith(value.path, path) && !inGone(value));
  // Of nested values the outermost takes the others with it.
  const outer = pairs.filter((value) => !pairs.some((other) => other !== value && contains(other, value)));
  const lines = gone.flatMap((block) => linesOf(text, block));
  return splice(text, [
    ...lines,
    ...outer.flatMap((value) => (value.inside === null ? linesOf(text, value.whole) : item(text, values, value))),
  ]);
}

/** Texts with the value put in, the most natural first. */
export function inserted(text: string, tree: TomlTree, edit: Exclude<Edit, { kind: "remove" }>): readonly string[] {
  const whole: Json = edit.kind === "append" ? [edit.value] : edit.value;
  return [
    ...(edit.kind === "append" ? appended(text, tree, edit) : []),
    ...intoInline(text, tree, { path: edit.path, value: whole }),
    ...asBlock(text, tree, { path: edit.path, value: whole }),
    ...asLine(text, tree, { path: edit.path, value: whole }),
  ].filter((way) => way !== null);
}

interface Put {
  readonly path: Path;
  readonly value: Json;
}
type Ways = readonly (string | null)[];

/** To a list in brackets, or as one more `[[list]]`. */
function appended(text: string, tree: TomlTree, { path, value }: Put): Ways {
  const list = tree.values.find((there) => there.kind === "list" && equal(there.path, path));
  if (list !== undefined) return [intoBrackets(text, tree, { list, item: tomlValue(value) })];
  const mine = tree.blocks.filter((block) => block.path.length > path.length && startsWith(block.path, path));
  if (!isJsonObject(value) || (mine.length === 0 && tree.values.some((there) => startsWith(there.path, path))))
    return [];
  return [below(text, mine.at(-1) ?? lastOf(tree, path), block(text, path, { value, list: true }))];
}

/** Into an inline table that is on the way. */
function intoInline(text: string, tree: TomlTree, { path, value }: Put): Ways {
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const table = tree.values.find((there) => there.kind === "table" && equal(there.path, path.slice(0, depth)));
    const keys = namesOf(path.slice(depth));
    if (table !== undefined && keys !== null) {
      return [intoBrackets(text, tree, { list: table, item: tomlPair(keys, value) })];
    }
  }
  return [];
}

/** An object as a table of its own, behind its neighbours. */
function asBlock(text: string, tree: TomlTree, { path, value }: Put): Ways {
  const parent = path.slice(0, -1);
  const key = path.at(-1);
  if (isJsonObject(value)) return [below(text, lastOf(tree, parent), block(text, path, { value, list: false }))];
  // A key of a table that has no lines yet: only when there is no better line, so `asLine` goes first when there is a block.
  if (typeof key !== "string" || parent.length === 0 || tree.blocks.some((there) => equal(there.path, parent)))
    return [];
  const table = Object.fromEntries([[key, value]]);
  return [below(text, lastOf(tree, parent.slice(0, -1)), block(text, parent, { value: table, list: false }))];
}

/** A line `key = value`, or `a.b = value` where no block of its own is there. */
function asLine(text: string, tree: TomlTree, { path, value }: Put): Ways {
  return tree.blocks
    .filter((there) => startsWith(path, there.path) && there.path.length < path.length)
    .toSorted((a, b) => b.path.length - a.path.length)
    .map((there) => {
      const keys = namesOf(path.slice(there.path.length));
      const line = keys === null ? null : tomlPair(keys, value);
      return line === null ? null : intoBlock(text, tree, { block: there, line });
    });
}

function intoBlock(text: string, { values }: TomlTree, { block: there, line }: { block: Block; line: string }): string {
  const eol = lineEndOf(text);
  const last = values.filter(({ inside, block: at }) => inside === null && equal(at, there.path)).at(-1);
  if (last === undefined && there.path.length === 0) return `${line}${eol}${text === "" ? "" : eol}${text}`;
  const after = last?.whole ?? there.header;
  const at = lineStop(text, after.to);
  return splice(text, [{ from: at, to: at, text: `${eol}${indentAt(text, after.from)}${line}` }]);
}

/** Behind the last item of an inline table or a list. */
function intoBrackets(
  text: string,
  { values }: TomlTree,
  { list, item: next }: { list: Value; item: string | null },
): string | null {
  if (next === null) return null;
  const last = values.filter(({ inside }) => inside !== null && equal(inside, list.path)).at(-1);
  const pad = list.kind === "table" ? " " : "";
  if (last === undefined) {
    const empty = text.slice(list.from + 1, list.to - 1).trim() === "";
    const [from, to] = empty ? [list.from + 1, list.to - 1] : [list.to - 1, list.to - 1];
    return splice(text, [{ from, to, text: `${pad}${next}${pad}` }]);
  }
  const comma = commaAfter(text, last.whole.to);
  const alone = text.slice(lineStart(text, last.whole.from), last.whole.from).trim() === "";
  if (alone) return onOwnLine(text, { list, last, comma, next });
  const at = comma ?? last.whole.to;
  return splice(text, [{ from: at, to: at, text: comma === null ? `, ${next}` : ` ${next},` }]);
}

interface LastItem {
  readonly list: Value;
  readonly last: Value;
  /** Behind the comma that follows the last item; null when none does. */
  readonly comma: number | null;
  readonly next: string;
}

function onOwnLine(text: string, { list, last, comma, next }: LastItem): string {
  const at = lineStop(text, comma ?? last.whole.to);
  const line = `${lineEndOf(text)}${indentAt(text, last.whole.from)}${next}${comma === null ? "" : ","}`;
  const missing: readonly Splice[] = comma === null ? [{ from: last.whole.to, to: last.whole.to, text: "," }] : [];
  if (at === last.whole.to) return splice(text, [{ from: at, to: at, text: `,${line}` }]);
  // The closing bracket may follow on the same line.
  if (at > list.to - 1) return splice(text, [{ from: last.whole.to, to: last.whole.to, text: `, ${next}` }]);
  return splice(text, [...missing, { from: at, to: at, text: line }]);
}

/** A header and its lines. */
function block(text: string, path: Path, { value, list }: { value: Json; list: boolean }): string | null {
  const keys = path.filter((step) => typeof step === "string");
  const pairs = isJsonObject(value) ? Object.entries(value).map(([key, member]) => tomlPair([key], member)) : [null];
  if (pairs.includes(null)) return null;
  const header = list ? `[[${tomlKeys(keys)}]]` : `[${tomlKeys(keys)}]`;
  return [header, ...pairs].join(lineEndOf(text));
}

/** Below the lines of a block, after an empty line. */
function below(text: string, there: Block | undefined, lines: string | null): string | null {
  if (lines === null) return null;
  const eol = lineEndOf(text);
  if (there === undefined) {
    const trimmed = text === "" || text.endsWith("\n") ? text : text + eol;
    return `${trimmed}${trimmed === "" ? "" : eol}${lines}${eol}`;
  }
  const at = lineStop(text, there.to);
  return splice(text, [{ from: at, to: at, text: `${eol}${eol}${lines}${at === text.length ? eol : ""}` }]);
}

/** The last block at the path or below it. */
function lastOf({ blocks }: TomlTree, path: Path): Block | undefined {
  return path.length === 0
    ? undefined
    : blocks.filter((there) => there.path.length > 0 && startsWith(there.path, path)).at(-1);
}

/** One item out of an inline table or a list, with one comma. */
function item(text: string, values: readonly Value[], { whole, inside }: Value): readonly Splice[] {
  const siblings = values.filter((value) => inside !== null && value.inside !== null && equal(value.inside, inside));
  const previous = siblings.filter((value) => value.whole.to <= whole.from).at(-1);
  const comma = commaAfter(text, whole.to);
  if (comma !== null) {
    const blanks = /^[ \t]*/.exec(text.slice(comma, comma + 256))?.[0].length ?? 0;
    return [{ from: whole.from, to: comma + blanks, text: "" }];
  }
  if (previous === undefined) return [{ ...whole, text: "" }];
  const before = commaAfter(text, previous.whole.to) ?? previous.whole.to;
  if (text.slice(before, whole.from).trim() === "") return [{ from: before - 1, to: whole.to, text: "" }];
  return [
    { from: before - 1, to: before, text: "" },
    { ...whole, text: "" },
  ];
}

/** From the first line of a stretch to behind its last, its comment at the end included. */
function linesOf(text: string, { from, to }: { readonly from: number; readonly to: number }): readonly Splice[] {
  const start = lineStart(text, from);
  const end = afterLine(text, to);
  // Of the two empty lines that would meet one goes.
  const blank = /^[ \t]*\r?\n/.exec(text.slice(end, end + 256))?.[0].length ?? 0;
  const joins = blank > 0 && /(^|\n)[ \t]*\r?\n$/.test(text.slice(Math.max(0, start - 256), start));
  return [{ from: start, to: joins ? end + blank : end, text: "" }];
}

/** Behind the next comma, when nothing but space and comments is before it. */
function commaAfter(text: string, offset: number): number | null {
  const pattern = /(?:\s|#[^\n]*\n)*,/y;
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : null;
}

function contains(outer: Value, inner: Value): boolean {
  return outer.whole.from <= inner.whole.from && outer.whole.to >= inner.whole.to;
}

function namesOf(path: Path): readonly string[] | null {
  const names = path.filter((step) => typeof step === "string");
  return names.length === path.length ? names : null;
}

function equal(a: Path, b: Path): boolean {
  return a.length === b.length && startsWith(a, b);
}

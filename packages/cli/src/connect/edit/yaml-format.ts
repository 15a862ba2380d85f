import { LineCounter, isAlias, isMap, isSeq, parseDocument } from "yaml";
import type { Document, Node, ParsedNode } from "yaml";
import type { Json } from "@countersign/core";
import type { Edit, Path } from "./edit.ts";
import type { Format, ReadText } from "./formats.ts";
import { type Container, addFirstPair, addItem, addPair, removeFrom, setItem, setPair } from "./yaml-splices.ts";
import { lineEndOf, splice } from "./splice.ts";
import { yamlPair } from "./yaml-value.ts";

/** YAML 1.2, one document. */
export const yaml: Format = { read, ways };

const MAX_BYTES = 1024 * 1024;
const OPTIONS = { keepSourceTokens: true, uniqueKeys: true, prettyErrors: false, logLevel: "silent" } as const;

function read(text: string): ReadText {
  if (text.length > MAX_BYTES) return { ok: false, line: 1, column: 1, why: "is too large" };
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { ...OPTIONS, lineCounter: lines });
    const [error] = document.errors;
    if (error === undefined) return { ok: true, value: plain(document.toJS({ maxAliasCount: 100 }) ?? {}) };
    const { line, col } = lines.linePos(error.pos[0]);
    return { ok: false, line, column: col, why: "is not valid YAML" };
  } catch {
    return { ok: false, line: 1, column: 1, why: "is nested too deeply or refers to itself too often" };
  }
}

function ways(text: string, edit: Edit): readonly string[] {
  let document: Document.Parsed;
  try {
    document = parseDocument(text, OPTIONS);
  } catch {
    return [];
  }
  const { contents } = document;
  if (contents === null) return begun(text, edit);
  const found = deepest(contents, edit);
  if (found === null) return [];
  return edit.kind === "remove" ? without(text, edit.path, found) : put(text, edit, found);
}

function without(text: string, path: Path, { container, depth }: Found): readonly string[] {
  return depth === path.length - 1 ? some(text, removeFrom(text, container, path[depth])) : [text];
}

function put(text: string, edit: Exclude<Edit, { kind: "remove" }>, { container, depth }: Found): readonly string[] {
  const step = edit.path[depth];
  if (step === undefined) return isSeq(container) ? some(text, addItem(text, container, edit.value)) : [];
  if (isSeq(container) && typeof step === "number") {
    const last = depth === edit.path.length - 1;
    return last ? some(text, setItem(text, container, { index: step, value: wrapped(edit, depth + 1) })) : [];
  }
  if (!isMap(container) || typeof step !== "string") return [];
  const value = wrapped(edit, depth + 1);
  const pair = container.items.find(({ key }) => keyOf(key) === step);
  if (pair !== undefined) return some(text, setPair(text, container, { pair, value }));
  const fresh = { key: step, value };
  return [...some(text, addPair(text, container, fresh)), ...some(text, addFirstPair(container, fresh))];
}

interface Found {
  readonly container: Container;
  /** How much of the path leads to it. */
  readonly depth: number;
}

/** The innermost map or list on the way; null when the way leads through an alias. */
function deepest(root: ParsedNode, { path, kind }: Edit): Found | null {
  let here: ParsedNode = root;
  let depth = 0;
  if (!isMap(here) && !isSeq(here)) return null;
  for (;;) {
    const step = path[depth];
    // What a set replaces it does not enter; what an append adds to it does.
    if (step === undefined || (depth === path.length - 1 && kind !== "append")) break;
    const next = inside(here, step);
    if (isAlias(next)) return null;
    if (!isMap(next) && !isSeq(next)) break;
    here = next as Container;
    depth += 1;
  }
  return { container: here, depth };
}

function inside(container: Container, step: string | number): Node | null | undefined {
  if (isMap(container)) return container.items.find(({ key }) => keyOf(key) === step)?.value;
  return typeof step === "number" ? container.items[step] : undefined;
}

function keyOf(key: unknown): unknown {
  return typeof key === "object" && key !== null && "value" in key ? key.value : undefined;
}

/** The value with the objects around it that its path still needs. */
function wrapped(edit: Exclude<Edit, { kind: "remove" }>, depth: number): Json {
  const value: Json = edit.kind === "append" ? [edit.value] : edit.value;
  return edit.path.slice(depth).reduceRight<Json>((inner, key) => Object.fromEntries([[key, inner]]), value);
}

/** A document of nothing but comments. */
function begun(text: string, edit: Edit): readonly string[] {
  const [key] = edit.path;
  if (edit.kind === "remove" || typeof key !== "string") return [];
  const eol = lineEndOf(text);
  const start = text === "" || text.endsWith("\n") ? text : text + eol;
  return [`${start}${yamlPair(key, wrapped(edit, 1), { indent: "", eol })}${eol}`];
}

function some(text: string, splices: Parameters<typeof splice>[1] | null): readonly string[] {
  return splices === null ? [] : [splice(text, splices)];
}

function plain(value: unknown): Json {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "bigint") return `${String(value)}n`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value === undefined ? null : (value as Json);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

import { type Node, type ParseError, createScanner, findNodeAtLocation, parseTree } from "jsonc-parser";
import type { Json } from "@countersign/core";
import type { Edit, Path } from "./edit.ts";
import type { Format, ReadText } from "./formats.ts";
import { TOKEN, insertChild, removeChild, rendered } from "./json-splices.ts";
import { indentAt, positionOf, splice } from "./splice.ts";

const OPTIONS = { allowTrailingComma: true, disallowComments: false } as const;
const MAX_DEPTH = 200;

export const json: Format = { read, ways };

function read(text: string): ReadText {
  if (text.trim() === "") return { ok: true, value: {} };
  const tooDeep = firstTooDeep(text);
  if (tooDeep !== null) return fault(text, tooDeep, "is nested too deeply");
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, OPTIONS);
  const [error] = errors;
  if (error !== undefined || root === undefined) return fault(text, error?.offset ?? 0, "is not valid JSON");
  const twice = duplicate(root);
  if (twice !== null) return fault(text, twice.offset, "names a key twice");
  return { ok: true, value: valueOf(root) };
}

/** One way: each edit is a splice at a place that the parser names. */
function ways(text: string, edit: Edit): readonly string[] {
  if (text.trim() === "") return [`${rendered(fresh(edit.path, edit), "", "\n")}\n`];
  const root = parseTree(text, [], OPTIONS);
  if (root === undefined) return [];
  const node = findNodeAtLocation(root, [...edit.path]);
  if (edit.kind === "remove") return node === undefined ? [text] : [splice(text, removeChild(text, node))];
  if (edit.kind === "append" && node?.type === "array")
    return [splice(text, insertChild(text, node, { value: edit.value }))];
  if (edit.kind === "append" && node !== undefined) return [];
  if (node !== undefined && edit.kind === "set") {
    const next = rendered(edit.value, indentAt(text, node.offset), text);
    return [splice(text, [{ from: node.offset, to: node.offset + node.length, text: next }])];
  }
  return insertMissing(text, root, edit);
}

function insertMissing(text: string, root: Node, edit: Edit): readonly string[] {
  for (let depth = edit.path.length - 1; depth >= 0; depth -= 1) {
    const node = findNodeAtLocation(root, edit.path.slice(0, depth));
    if (node === undefined) continue;
    const key = edit.path[depth];
    if (node.type !== "object" || typeof key !== "string") return [];
    return [splice(text, insertChild(text, node, { key, value: fresh(edit.path.slice(depth + 1), edit) }))];
  }
  return [];
}

/** The value with the objects around it that its path still needs. */
function fresh(path: Path, edit: Edit): Json {
  if (edit.kind === "remove") return {};
  const value: Json = edit.kind === "append" ? [edit.value] : edit.value;
  return path.reduceRight<Json>((inner, key) => Object.fromEntries([[key, inner]]), value);
}

function fault(text: string, offset: number, why: string): ReadText {
  return { ok: false, ...positionOf(text, offset), why };
}

/** The parser recurses; the scanner does not. */
function firstTooDeep(text: string): number | null {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== TOKEN.end; token = scanner.scan()) {
    if (token === TOKEN.openBrace || token === TOKEN.openBracket) depth += 1;
    if (token === TOKEN.closeBrace || token === TOKEN.closeBracket) depth -= 1;
    if (depth > MAX_DEPTH) return scanner.getTokenOffset();
  }
  return null;
}

/** Programs do not agree on which of two equal keys counts: such a file is for a person to mend. */
function duplicate(node: Node): Node | null {
  const seen = new Set<unknown>();
  for (const child of node.children ?? []) {
    const [key, value] = child.type === "property" ? (child.children ?? []) : [undefined, child];
    if (key !== undefined && seen.has(key.value)) return key;
    if (key !== undefined) seen.add(key.value);
    const inside = value === undefined ? null : duplicate(value);
    if (inside !== null) return inside;
  }
  return null;
}

function valueOf(node: Node): Json {
  const children = node.children ?? [];
  if (node.type === "array") return children.map(valueOf);
  if (node.type !== "object") return node.value as Json;
  return Object.fromEntries(
    children.flatMap(({ children: [key, value] = [] }) =>
      key === undefined || value === undefined ? [] : [[key.value as string, valueOf(value)]],
    ),
  );
}

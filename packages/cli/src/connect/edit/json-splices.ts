import { type Node, createScanner } from "jsonc-parser";
import type { Json } from "@countersign/core";
import { type Splice, afterLine, indentAt, lineEndOf, lineStart } from "./splice.ts";

/** Kinds of the parser's tokens: it declares them as a `const enum`, which leaves nothing to import. */
export const TOKEN = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  lineComment: 12,
  blockComment: 13,
  lineBreak: 14,
  blank: 15,
  end: 17,
} as const;

/** A list longer than this is broken. */
const LINE = 100;

export interface NewChild {
  /** Absent: an item of a list. */
  readonly key?: string;
  readonly value: Json;
}

/** JSON as the document writes it: its indentation and line ends; on one line when the whole document is. */
export function rendered(value: Json, indent: string, document: string): string {
  if (!document.includes("\n")) return JSON.stringify(value);
  return onLines(value, { eol: lineEndOf(document) + indent, unit: unitOf(document) });
}

interface Lines {
  /** Line end and indentation of the line that the value begins on. */
  readonly eol: string;
  readonly unit: string;
}

/** Objects on lines of their own, short lists of plain values on one. */
function onLines(value: Json, { eol, unit }: Lines): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = { eol: eol + unit, unit };
  if (!Array.isArray(value)) {
    const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${onLines(member, inner)}`);
    return members.length === 0 ? "{}" : `{${inner.eol}${members.join(`,${inner.eol}`)}${eol}}`;
  }
  const items = value.map((item: Json) => onLines(item, inner));
  const line = `[${items.join(", ")}]`;
  if (line.length <= LINE && !line.includes("\n")) return line;
  return `[${inner.eol}${items.join(`,${inner.eol}`)}${eol}]`;
}

/** Puts a child behind the last one. */
export function insertChild(text: string, container: Node, child: NewChild): readonly Splice[] {
  const last = container.children?.at(-1);
  return last === undefined ? intoEmpty(text, container, child) : behind(text, { container, last, child });
}

/** Takes a child away, with its comma and, when it has lines of its own, with these. */
export function removeChild(text: string, node: Node): readonly Splice[] {
  const child = node.parent?.type === "property" ? node.parent : node;
  const previous = before(child);
  const end = child.offset + child.length;
  const comma = commaAfter(text, end);
  const own = ownLines(text, child.offset, comma ?? end);
  if (comma !== null) return [own ?? { from: child.offset, to: pastBlanks(text, comma), text: "" }];
  const alone = own ?? { from: child.offset, to: end, text: "" };
  if (previous === undefined) return [alone];
  const gap = previous.offset + previous.length;
  if (own === null && /^\s*,\s*$/.test(text.slice(gap, child.offset))) return [{ from: gap, to: end, text: "" }];
  const behindComma = commaAfter(text, gap) ?? gap;
  return [{ from: behindComma - 1, to: behindComma, text: "" }, alone];
}

function before(child: Node): Node | undefined {
  const siblings = child.parent?.children ?? [];
  return siblings[siblings.indexOf(child) - 1];
}

function intoEmpty(text: string, container: Node, child: NewChild): readonly Splice[] {
  const open = container.offset + 1;
  const close = container.offset + container.length - 1;
  const indent = indentAt(text, container.offset);
  const inner = indent + unitOf(text);
  const eol = lineEndOf(text);
  const line = written(child, inner, text);
  if (!text.includes("\n")) return [{ from: close, to: close, text: line }];
  if (text.slice(open, close).trim() === "") {
    return [{ from: open, to: close, text: `${eol}${inner}${line}${eol}${indent}` }];
  }
  const start = lineStart(text, close);
  if (text.slice(start, close).trim() !== "") return [{ from: close, to: close, text: `${line} ` }];
  return [{ from: start, to: start, text: `${inner}${line}${eol}` }];
}

interface Behind {
  readonly container: Node;
  readonly last: Node;
  readonly child: NewChild;
}

function behind(text: string, { container, last, child }: Behind): readonly Splice[] {
  const end = last.offset + last.length;
  const comma = commaAfter(text, end);
  const after = comma ?? end;
  const tail = comma === null ? "" : ",";
  const missing: readonly Splice[] = comma === null ? [{ from: end, to: end, text: "," }] : [];
  if (!text.slice(container.offset, container.offset + container.length).includes("\n")) {
    const put = { from: after, to: after, text: ` ${written(child, "", "")}${tail}` };
    return comma === null ? [{ ...put, text: `,${put.text}` }] : [put];
  }
  const alone = text.slice(lineStart(text, last.offset), last.offset).trim() === "";
  const indent = alone ? indentAt(text, last.offset) : indentAt(text, container.offset) + unitOf(text);
  const at = endOfLine(text, after);
  const line = `${lineEndOf(text)}${indent}${written(child, indent, text)}${tail}`;
  if (at === end && comma === null) return [{ from: end, to: end, text: `,${line}` }];
  return [...missing, { from: at, to: at, text: line }];
}

function written({ key, value }: NewChild, indent: string, document: string): string {
  const text = rendered(value, indent, document);
  return key === undefined ? text : `${JSON.stringify(key)}: ${text}`;
}

/** One step of indentation: that of the first line that has any. */
function unitOf(text: string): string {
  return /^(\t|[ ]{1,8})(?=\S)/m.exec(text)?.[1] ?? "  ";
}

/** The offset behind the next comma when nothing but space and comments is before it. */
function commaAfter(text: string, offset: number): number | null {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  // The scanner without trivia steps over comments by itself.
  const token: number = scanner.scan();
  return token === TOKEN.comma ? scanner.getPosition() : null;
}

/** Behind the comments that follow on the same line; `offset` itself when something else does. */
function endOfLine(text: string, offset: number): number {
  const scanner = createScanner(text, false);
  scanner.setPosition(offset);
  for (;;) {
    const token: number = scanner.scan();
    if (token === TOKEN.lineBreak) return scanner.getTokenOffset();
    if (token !== TOKEN.blank && token !== TOKEN.lineComment && token !== TOKEN.blockComment) return offset;
  }
}

/** The whole lines of a child that shares them with nothing but a comment behind it. */
function ownLines(text: string, from: number, to: number): Splice | null {
  const start = lineStart(text, from);
  if (text.slice(start, from).trim() !== "") return null;
  const stop = endOfLine(text, to);
  const rest = text.slice(to, stop);
  if (rest.includes("\n") || (stop === to && !/^(\r?\n|$)/.test(text.slice(to, to + 2)))) return null;
  return { from: start, to: afterLine(text, stop), text: "" };
}

function pastBlanks(text: string, offset: number): number {
  return offset + (/^[ \t]*/.exec(text.slice(offset, offset + 256))?.[0].length ?? 0);
}

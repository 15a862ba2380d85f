import { type Pair, type ParsedNode, type YAMLMap, type YAMLSeq, isMap } from "yaml";
import type { Json } from "@countersign/core";
import { type Splice, afterLine, indentAt, lineEndOf, lineStart, lineStop } from "./splice.ts";
import { yamlFlow, yamlPair } from "./yaml-value.ts";

export type Container = YAMLMap.Parsed | YAMLSeq.Parsed;
type ParsedPair = Pair<ParsedNode, ParsedNode | null>;
/** Null: there is no safe way. */
type Splices = readonly Splice[] | null;

/** Behind the last pair of a map. */
export function addPair(text: string, map: YAMLMap.Parsed, { key, value }: { key: string; value: Json }): Splices {
  const eol = lineEndOf(text);
  const [from, to] = map.range;
  const last = map.items.at(-1);
  if (map.flow === true && last !== undefined) {
    return [{ from: to - 1, to: to - 1, text: `, ${JSON.stringify(key)}: ${JSON.stringify(value)}` }];
  }
  if (last === undefined) {
    const outer = indentAt(text, from);
    const indent = outer.length === from - lineStart(text, from) ? outer : `${outer}  `;
    return [{ from, to, text: (indent === outer ? "" : eol + indent) + yamlPair(key, value, { indent, eol }) }];
  }
  const indent = " ".repeat(columnOf(text, startOf(map.items[0] as ParsedPair)));
  const at = lineStop(text, contentEnd(text, endOf(last)));
  return [{ from: at, to: at, text: eol + indent + yamlPair(key, value, { indent, eol }) }];
}

/** The only pair of an empty map, on the same line. */
export function addFirstPair(map: YAMLMap.Parsed, { key, value }: { key: string; value: Json }): Splices {
  const [from, to] = map.range;
  return map.items.length > 0 ? null : [{ from, to, text: `{${JSON.stringify(key)}: ${JSON.stringify(value)}}` }];
}

/** Another value for a key. A comment behind the key stays. */
export function setPair(text: string, map: YAMLMap.Parsed, { pair, value }: { pair: Pair; value: Json }): Splices {
  const { value: old, srcToken } = pair as ParsedPair;
  const colon = srcToken?.sep?.find(({ type }) => type === "map-value-ind");
  if (colon === undefined || map.flow === true) return flowValue(old, value);
  const behind = colon.offset + 1;
  const indent = " ".repeat(columnOf(text, startOf(pair as ParsedPair)));
  const eol = lineEndOf(text);
  const whole = yamlPair("k", value, { indent, eol }).slice("k:".length);
  if (old === null || old.range[1] <= old.range[0]) return [{ from: behind, to: behind, text: whole }];
  const [from] = old.range;
  const to = contentEnd(text, old.range[1]);
  const below = lineStart(text, from) > behind;
  if (!below) return [{ from: behind, to, text: whole }];
  return [
    { from: behind, to: behind, text: whole },
    { from: lineStart(text, from), to: afterLine(text, to), text: "" },
  ];
}

/** Behind the last item of a list. */
export function addItem(text: string, list: YAMLSeq.Parsed, value: Json): Splices {
  const [from, to] = list.range;
  const last = list.items.at(-1);
  if (last === undefined) return [{ from, to, text: yamlFlow([value]) }];
  if (list.flow === true) return [{ from: to - 1, to: to - 1, text: `, ${JSON.stringify(value)}` }];
  const indent = " ".repeat(columnOf(text, from));
  const at = lineStop(text, contentEnd(text, last.range[1]));
  return [{ from: at, to: at, text: `${lineEndOf(text)}${indent}- ${JSON.stringify(value)}` }];
}

/** Another item in the place of one. */
export function setItem(text: string, list: YAMLSeq.Parsed, { index, value }: { index: number; value: Json }): Splices {
  const range = list.items[index]?.range;
  return range === undefined ? null : [{ from: range[0], to: contentEnd(text, range[1]), text: JSON.stringify(value) }];
}

/** A pair or an item out of a map or a list that stands on lines of its own. */
export function removeFrom(text: string, container: Container, step: string | number | undefined): Splices {
  const index = isMap(container)
    ? container.items.findIndex(({ key }) => "value" in key && key.value === step)
    : Number(step);
  const child = container.items[index];
  if (child === undefined) return [];
  if (container.flow === true) return fromFlow(spans(container), index);
  const from = isMap(container) ? startOf(child as ParsedPair) : dashOf(text, child as ParsedNode);
  const to = contentEnd(text, isMap(container) ? endOf(child as ParsedPair) : (child as ParsedNode).range[1]);
  const start = lineStart(text, from);
  if (text.slice(start, from).trim() !== "") return null;
  const empty = isMap(container) ? "{}" : "[]";
  const indent = text.slice(start, from);
  const left = container.items.length === 1 ? `${indent}  ${empty}${lineEndOf(text)}` : "";
  return [{ from: start, to: afterLine(text, to), text: left }];
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function spans(container: Container): readonly Span[] {
  if (isMap(container)) return container.items.map((pair) => ({ from: startOf(pair), to: endOf(pair) }));
  return container.items.map(({ range: [from, to] }) => ({ from, to }));
}

/** With the comma behind it, or before it when it is the last. */
function fromFlow(items: readonly Span[], index: number): Splices {
  const [previous, item, next] = [items[index - 1], items[index], items[index + 1]];
  if (item === undefined) return null;
  if (next !== undefined) return [{ from: item.from, to: next.from, text: "" }];
  return [{ from: previous?.to ?? item.from, to: item.to, text: "" }];
}

function flowValue(old: ParsedNode | null, value: Json): Splices {
  return old === null ? null : [{ from: old.range[0], to: old.range[1], text: JSON.stringify(value) }];
}

function startOf({ key }: ParsedPair): number {
  return key.range[0];
}

function endOf({ key, value }: ParsedPair): number {
  if (value === null) return key.range[1];
  return Math.max(key.range[1], value.range[1]);
}

/** Where the dash of an item is: the first sign of its line, when there is nothing else before the item. */
function dashOf(text: string, { range: [from] }: ParsedNode): number {
  const start = lineStart(text, from);
  const before = /^([ ]*)-[ ]+$/.exec(text.slice(start, from));
  return before === null ? from : start + (before[1]?.length ?? 0);
}

/** Without the line ends and empty lines that the parser counts to a block. */
function contentEnd(text: string, end: number): number {
  let at = end;
  while (at > 0 && /\s/.test(text[at - 1] ?? "")) at -= 1;
  return at;
}

function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

import { TomlDocument } from "@decimalturn/toml-patch";
import type { Path } from "./edit.ts";

/** A stretch of the text: from its first character to behind its last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A `[table]` or one element of a `[[list]]`; the root has neither header nor lines of its own. */
export interface Block extends Span {
  readonly path: Path;
  /** Empty for the root. */
  readonly header: Span;
  readonly list: boolean;
}

/** A value and where it is written. */
export interface Value extends Span {
  readonly path: Path;
  readonly kind: "plain" | "list" | "table";
  /** `key = value` or an item of a list, without its comma. */
  readonly whole: Span;
  /** Inside of an inline table or list: that one's path. Null: on lines of its own below a block. */
  readonly inside: Path | null;
  /** The block in which it stands. */
  readonly block: Path;
}

export interface TomlTree {
  readonly blocks: readonly Block[];
  readonly values: readonly Value[];
}

type CstBlock = TomlDocument["cst"][number];
type Pair = Extract<CstBlock, { type: "KeyValue" }>;
type CstValue = Pair["value"];
type Spot = (node: { readonly loc: CstBlock["loc"] }) => Span;

/** Where everything in a valid text is. The parser's tree is used for its places only. */
export function tomlTree(text: string): TomlTree {
  const spot = spotIn(text);
  const lists = new Map<string, number>();
  const blocks: Block[] = [{ path: [], header: { from: 0, to: 0 }, from: 0, to: 0, list: false }];
  const values: Value[] = [];
  for (const node of new TomlDocument(text).cst) {
    if (isPair(node)) read(node, [], { spot, values });
    if (node.type !== "Table" && node.type !== "TableArray") continue;
    const list = node.type === "TableArray";
    const path = resolved(node.key.item.value, list, lists);
    const header = spot(node.key);
    const pairs = node.items.filter(isPair);
    for (const pair of pairs) read(pair, path, { spot, values });
    const last = pairs.at(-1);
    blocks.push({ path, header, list, from: header.from, to: last === undefined ? header.to : spot(last).to });
  }
  return { blocks, values };
}

export function startsWith(path: Path, prefix: Path): boolean {
  return path.length >= prefix.length && prefix.every((step, i) => step === path[i]);
}

interface Reading {
  readonly spot: Spot;
  readonly values: Value[];
}

function read(pair: Pair, block: Path, { spot, values }: Reading): void {
  const visit = (value: CstValue, at: Omit<Value, "kind" | keyof Span>): void => {
    const kind = value.type === "InlineArray" ? "list" : value.type === "InlineTable" ? "table" : "plain";
    values.push({ ...at, kind, ...spot(value) });
    if (value.type === "InlineTable") {
      for (const { item } of value.items) {
        visit(item.value, { path: [...at.path, ...item.key.value], whole: spot(item), inside: at.path, block });
      }
    }
    if (value.type === "InlineArray") {
      for (const [index, { item }] of value.items.entries()) {
        visit(item as CstValue, { path: [...at.path, index], whole: spot(item), inside: at.path, block });
      }
    }
  };
  visit(pair.value, { path: [...block, ...pair.key.value], whole: spot(pair), inside: null, block });
}

/** The keys of a header, with the index of the element wherever they pass through a list of tables. */
function resolved(keys: readonly string[], list: boolean, lists: Map<string, number>): Path {
  const path: (string | number)[] = [];
  for (const [i, key] of keys.entries()) {
    path.push(key);
    const name = JSON.stringify(path);
    const index = lists.get(name);
    if (list && i === keys.length - 1) {
      lists.set(name, (index ?? -1) + 1);
      path.push((index ?? -1) + 1);
    } else if (index !== undefined) path.push(index);
  }
  return path;
}

function isPair(node: CstBlock): node is Pair {
  return node.type === "KeyValue";
}

function spotIn(text: string): Spot {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const offset = ({ line, column }: { line: number; column: number }): number =>
    (starts[line - 1] ?? text.length) + column;
  return ({ loc }) => ({ from: offset(loc.start), to: offset(loc.end) });
}

import { createHash } from "node:crypto";
import { PREVIEW_LIMITS, type RelationEffect, type SampleRow, canonicalJson } from "@countersign/core";
import type { Images, Row } from "./images.ts";
import type { Counts, Relation } from "./relations.ts";

/** What one run of a statement did to one relation. */
export interface Written {
  readonly relation: Relation;
  readonly counts: Counts;
  readonly images: Images;
}

interface Pair {
  readonly before: Row | null;
  readonly after: Row | null;
}
type RowOperation = "insert" | "update" | "delete";

/** What a human is shown of it. `filled`: columns whose new values are known only at the commit, and are left out of the digest. */
export function effectsOf(written: Written, filled: ReadonlySet<string>): readonly RelationEffect[] {
  const { inserted, updated, deleted } = written.counts;
  const pairs = pairsOf(written);
  const operations = [
    ["insert", inserted],
    ["update", updated],
    ["delete", deleted],
  ] as const;
  return operations
    .filter(([, count]) => count > 0)
    .map(([operation, count]) => effectOf(written, { operation, count, pairs: pairs[operation], filled }));
}

interface Part {
  readonly operation: RowOperation;
  readonly count: number;
  readonly pairs: readonly Pair[];
  readonly filled: ReadonlySet<string>;
}

function effectOf({ relation, images }: Written, { operation, count, pairs, filled }: Part): RelationEffect {
  const names = relation.columns.map(({ name }) => name);
  const masked = operation === "delete" ? [] : names.filter((name) => filled.has(name));
  const isKeyKnown =
    relation.key.length > 0 && !(operation === "insert" && relation.key.some((name) => filled.has(name)));
  const shown = pairs
    .map((pair) => ({ pair, key: isKeyKnown ? keyText(relation, pair.before ?? pair.after ?? []) : "" }))
    .map(({ pair, key }) => ({ pair, key, text: textOf(relation, pair, masked) }))
    .toSorted((a, b) => byText(a.key, b.key) || byText(a.text, b.text));
  const columns = names.slice(0, PREVIEW_LIMITS.columns);
  return {
    relation: relation.name,
    operation,
    count,
    keyColumns: isKeyKnown && shown.length > 0 ? relation.key : [],
    keys: isKeyKnown ? shown.slice(0, PREVIEW_LIMITS.keys).map(({ key }) => key) : [],
    digest: createHash("sha256")
      .update(canonicalJson(shown.map(({ text }) => text)))
      .digest("base64url"),
    filledAtCommit: masked,
    unseen: images.unseen,
    columns: shown.length > 0 ? columns : [],
    sample: shown.slice(0, PREVIEW_LIMITS.rows).map(({ pair }) => sampleOf(relation, pair, filled)),
  };
}

/** Rows before and after with the same key belong together; what is left over belongs to what the counters know. */
function pairsOf({ relation, counts, images }: Written): Readonly<Record<RowOperation, readonly Pair[]>> {
  const old = new Map<string, Row>();
  const single: Pair[] = [];
  const joined: Pair[] = [];
  const keyed = relation.key.length > 0 && counts.updated > 0;
  for (const before of images.before)
    if (keyed) old.set(keyText(relation, before), before);
    else single.push({ before, after: null });
  for (const after of images.after) {
    const key = keyed ? keyText(relation, after) : "";
    const before = old.get(key);
    if (before === undefined) single.push({ before: null, after });
    else joined.push({ before, after });
    old.delete(key);
  }
  for (const before of old.values()) single.push({ before, after: null });
  const lone = (operation: RowOperation, which: (pair: Pair) => boolean): readonly Pair[] =>
    counts[operation === "insert" ? "inserted" : "deleted"] > 0 ? single.filter(which) : [];
  const insert = lone("insert", ({ before }) => before === null);
  const remove = lone("delete", ({ after }) => after === null);
  const placed = new Set([...insert, ...remove]);
  const rest = single.filter((pair) => !placed.has(pair));
  return { insert, delete: remove, update: [...joined, ...rest] };
}

/** Columns whose new values two runs on the same state do not agree on. */
export function filledOf(one: Written, other: Written): ReadonlySet<string> {
  const { relation } = one;
  const differs = (at: number, of: (images: Images) => readonly string[]): boolean =>
    canonicalJson(of(one.images).toSorted(byText)) !== canonicalJson(of(other.images).toSorted(byText)) && at >= 0;
  const values = (at: number) => (images: Images) => images.after.map((row) => JSON.stringify(row[at] ?? null));
  const apart = relation.columns.filter((_, at) => differs(at, values(at))).map(({ name }) => name);
  if (relation.key.length === 0 || relation.key.some((name) => apart.includes(name))) return new Set(apart);
  const keyed = (at: number) => (images: Images) =>
    images.after.map((row) => `${keyText(relation, row)} ${JSON.stringify(row[at] ?? null)}`);
  return new Set(relation.columns.filter((_, at) => differs(at, keyed(at))).map(({ name }) => name));
}

function keyText({ columns, key }: Relation, row: Row): string {
  return `[${key
    .map((name) =>
      shownValue(
        columns,
        row,
        columns.findIndex((one) => one.name === name),
      ),
    )
    .join(",")}]`;
}

function textOf({ columns }: Relation, { before, after }: Pair, masked: readonly string[]): string {
  const kept = after?.map((value, at) => (masked.includes(columns[at]?.name ?? "") ? "filled" : [value]));
  return canonicalJson([before, kept ?? null]);
}

function sampleOf({ columns }: Relation, { before, after }: Pair, filled: ReadonlySet<string>): SampleRow {
  const image = (row: Row | null, isNew: boolean): readonly string[] | null =>
    row === null
      ? null
      : columns
          .slice(0, PREVIEW_LIMITS.columns)
          .map(({ name }, at) => (isNew && filled.has(name) ? "filled at commit" : shownValue(columns, row, at)));
  return { before: image(before, false), after: image(after, true) };
}

function shownValue(columns: Relation["columns"], row: Row, at: number): string {
  const value = row[at] ?? null;
  if (value === null) return "null";
  return columns[at]?.bare === true ? value : JSON.stringify(value);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import { canonicalJson } from "./json.ts";

/**
 * What a held call would do, found out before a human is asked (ADR 0009). `measured`: the statement was run in a transaction that was rolled
 * back; what is approved then is exactly this effect. `counted`: it was not run, what stands there was counted. `unknown`: nobody can say.
 * Rows are as sensitive as arguments: kept sealed, erasable, never in the ledger.
 */
export type Preview =
  | { readonly kind: "unknown"; readonly reason: string }
  | { readonly kind: "measured" | "counted"; readonly relations: readonly RelationEffect[] };

export const ROW_OPERATIONS = ["insert", "update", "delete", "truncate", "drop", "change"] as const;

/** What happens to the rows of one relation, whether by the statement itself, a cascade or a trigger. */
export interface RelationEffect {
  /** `schema.name`. */
  readonly relation: string;
  /** What is done to its rows: `truncate`, `drop` and `change` (of its definition) are never run to find it out. */
  readonly operation: (typeof ROW_OPERATIONS)[number];
  readonly count: number;
  /** Columns of the primary key; empty: the relation has none, or nothing of it can be known before the commit. */
  readonly keyColumns: readonly string[];
  /** JSON text of each key, sorted, at most {@link PREVIEW_LIMITS}.keys of them. */
  readonly keys: readonly string[];
  /** base64url SHA-256 over all rows: keys, old images, and new images without the columns that are filled at commit. */
  readonly digest: string;
  /** Columns whose values are known only when it is done: identity, sequence, clock, chance. */
  readonly filledAtCommit: readonly string[];
  /** Why not all of the rows are seen, one clause: they are counted all the same, but not under the digest; null when they are. */
  readonly unseen: string | null;
  /** Columns of the sample. */
  readonly columns: readonly string[];
  readonly sample: readonly SampleRow[];
}
/** One row, each value as JSON text, what was cut says so; null: there is none before, or after. */
export interface SampleRow {
  readonly before: readonly string[] | null;
  readonly after: readonly string[] | null;
}

/** The most that a preview holds; `bytes` of its JCS form. */
export const PREVIEW_LIMITS: Readonly<
  Record<"bytes" | "relations" | "keys" | "columns" | "rows" | "keyColumns", number>
> = { bytes: 262_144, relations: 64, keys: 100, columns: 64, rows: 10, keyColumns: 32 };

type Check = (value: unknown) => boolean;
const NAME_CHARS = 300;
const VALUE_CHARS = 4096;
const text =
  (most: number): Check =>
  (value) =>
    typeof value === "string" && value.length <= most;
const listOf =
  (most: number, check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(check);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isDigest: Check = (value) => typeof value === "string" && /^[A-Za-z0-9_-]{43}$/.test(value);
const names = (most: number): Check => listOf(most, text(NAME_CHARS));

const values = listOf(PREVIEW_LIMITS.columns, text(VALUE_CHARS));
const image: Check = (value) => value === null || values(value);
const isSampleRow: Check = (value) => hasShape(value, { before: image, after: image });
const RELATION: Readonly<Record<keyof RelationEffect, Check>> = {
  relation: text(NAME_CHARS),
  operation: (value) => ROW_OPERATIONS.includes(value as never),
  count: isCount,
  keyColumns: names(PREVIEW_LIMITS.keyColumns),
  keys: listOf(PREVIEW_LIMITS.keys, text(VALUE_CHARS)),
  digest: isDigest,
  filledAtCommit: names(2048),
  unseen: (value) => value === null || text(NAME_CHARS)(value),
  columns: names(PREVIEW_LIMITS.columns),
  sample: listOf(PREVIEW_LIMITS.rows, isSampleRow),
};

/** True when a value that came from elsewhere has exactly the form of a preview, within its limits. */
export function isPreview(value: unknown): value is Preview {
  if (typeof value !== "object" || value === null) return false;
  if ((value as Preview).kind === "unknown")
    return hasShape(value, { kind: text(10), reason: text(NAME_CHARS) }) && isSmall(value as Preview);
  const relations = listOf(PREVIEW_LIMITS.relations, (one) => hasShape(one, RELATION));
  const kind: Check = (one) => one === "measured" || one === "counted";
  return hasShape(value, { kind, relations }) && isSmall(value as Preview);
}

function isSmall(preview: Preview): boolean {
  try {
    return new TextEncoder().encode(canonicalJson(preview)).length <= PREVIEW_LIMITS.bytes;
  } catch {
    // Half of a surrogate pair has no canonical form.
    return false;
  }
}

/** True when both say the same of what is done: each relation, how many rows, and which. */
export function sameEffect(one: Preview, other: Preview): boolean {
  if (one.kind === "unknown" || other.kind === "unknown") return one.kind === other.kind;
  return one.kind === other.kind && canonicalJson(effectOf(one.relations)) === canonicalJson(effectOf(other.relations));
}

function effectOf(relations: readonly RelationEffect[]): object[] {
  return relations.map(({ relation, operation, count, digest, filledAtCommit, unseen }) => ({
    relation,
    operation,
    count,
    digest,
    filledAtCommit,
    unseen,
  }));
}

function hasShape(value: unknown, shape: Readonly<Record<string, Check>>): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const given = value as Readonly<Record<string, unknown>>;
  const expected = Object.keys(shape);
  return (
    Object.keys(given).length === expected.length &&
    expected.every((name) => Object.hasOwn(given, name) && shape[name]?.(given[name]) === true)
  );
}

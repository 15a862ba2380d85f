import type { Counts, Relation } from "./relations.ts";
import { type Rows, type Texts, quoteName } from "./texts.ts";

/** Rows of one relation that are looked at; more are only counted. */
export const MOST_ROWS = 10_000;
const CELL_CHARS = 256;

/** Values by column, as PostgreSQL prints them; null: NULL. */
export type Row = readonly (string | null)[];

/** The rows that are no longer there as they were, and those that are there instead. */
export interface Images {
  readonly before: readonly Row[];
  readonly after: readonly Row[];
  /** Why these are not all rows that were written; null when they are. */
  readonly unseen: string | null;
}

/** Where the rows are looked at: in the transaction that wrote them, and in one that sees everything as it was before. */
export interface Sides {
  readonly inside: Texts;
  readonly outside: Texts;
  /** Of the transaction that writes, as `xid`. */
  readonly xid: string;
}

/**
 * The rows that a transaction wrote in one relation, before and after. `inside` must have its snapshot from before its transaction id was given
 * out, so that every row that it sees with a later one is its own, those of its subtransactions too. `outside` has the same snapshot, so that it
 * sees each row that was deleted or replaced, with the mark of who did it.
 */
export async function imagesOf(sides: Sides, relation: Relation, counts: Counts): Promise<Images> {
  const { inside, outside, xid } = sides;
  if (relation.unseen !== null) return { before: [], after: [], unseen: relation.unseen };
  const written = await inside.text(
    select(relation, `pg_catalog.age(t.xmin) <= pg_catalog.age('${xid}'::pg_catalog.xid)`),
  );
  if (written.rows.length > MOST_ROWS) return tooMany();
  const after = written.rows.map(valuesOf);
  const net = counts.inserted - counts.deleted;
  const marked = "t.xmax <> '0'::pg_catalog.xid";
  const own = `pg_catalog.age(t.xmax) <= pg_catalog.age('${xid}'::pg_catalog.xid)`;
  let gone = await goneOf(inside, relation, await outside.text(select(relation, `${marked} AND ${own}`)));
  // A row that others lock at the same time is marked by a number of another kind: then every marked row is looked at.
  if (gone !== null && after.length - gone.length !== net)
    gone = await goneOf(inside, relation, await outside.text(select(relation, marked)));
  if (gone === null) return tooMany();
  const all = after.length - gone.length === net && isWhole(counts, { before: gone, after });
  return {
    before: gone,
    after,
    unseen: all ? null : "some were written more than once, or are hidden from the task's role",
  };
}

function tooMany(): Images {
  return { before: [], after: [], unseen: `there are more than ${MOST_ROWS.toLocaleString("en")}` };
}

function isWhole({ inserted, updated, deleted }: Counts, { before, after }: Pick<Images, "before" | "after">): boolean {
  return after.length === inserted + updated && before.length === updated + deleted;
}

/** Of rows that are marked, those that the writing transaction does not see any more; the others were only locked. Null: too many. */
async function goneOf(inside: Texts, { quoted }: Relation, { rows }: Rows): Promise<readonly Row[] | null> {
  if (rows.length > MOST_ROWS) return null;
  if (rows.length === 0) return [];
  const places = rows.map(([ctid]) => `"${ctid ?? ""}"`).join(",");
  const left = await inside.text(
    `SELECT t.ctid FROM ONLY ${quoted} t WHERE t.ctid = ANY ('{${places}}'::pg_catalog.tid[])`,
  );
  const still = new Set(left.rows.map(([ctid]) => ctid));
  return rows.filter(([ctid]) => !still.has(ctid ?? "")).map(valuesOf);
}

function valuesOf([, ...values]: Row): Row {
  return values;
}

function select({ quoted, columns }: Relation, where: string): string {
  const cells = columns.map(({ name }) => cell(`t.${quoteName(name)}`));
  return `SELECT ${["t.ctid", ...cells].join(", ")} FROM ONLY ${quoted} t WHERE ${where} LIMIT ${String(MOST_ROWS + 1)}`;
}

/** A value by its own output function, no cast that somebody made; what is long is cut and stands there with its length and hash. */
function cell(column: string): string {
  const text = `pg_catalog.format('%s', ${column})`;
  const cut = `pg_catalog.concat(pg_catalog.left(${text}, 64), '… (', pg_catalog.length(${text}), ' characters, SHA-256 ',
 pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${text}, 'UTF8')), 'hex'), ')')`;
  return `CASE WHEN ${column} IS NOT DISTINCT FROM NULL THEN NULL
 WHEN pg_catalog.length(${text}) > ${String(CELL_CHARS)} THEN ${cut} ELSE ${text} END`;
}

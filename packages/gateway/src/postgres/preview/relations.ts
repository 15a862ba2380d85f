import { type Texts, quoteName } from "./texts.ts";

/** Rows that a transaction has written, by the counters of its own statistics. */
export interface Counts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** A relation whose rows were written. */
export interface Relation {
  readonly oid: string;
  /** `schema.name`, quoted where SQL needs it. */
  readonly name: string;
  /** As SQL takes it, whatever the search path. */
  readonly quoted: string;
  /** Why its rows are not looked at; null when they are. */
  readonly unseen: string | null;
  readonly columns: readonly Column[];
  readonly key: readonly string[];
}
export interface Column {
  readonly name: string;
  /** Numbers and truth values are shown without quotes. */
  readonly bare: boolean;
}

const COUNTS = `SELECT relid, n_tup_ins, n_tup_upd, n_tup_del FROM pg_catalog.pg_stat_xact_all_tables
 WHERE schemaname <> 'pg_toast' AND n_tup_ins + n_tup_upd + n_tup_del > 0`;

/** By relation. What came before in the same session may still be counted in it, so that two readings are compared. */
export async function countsOf(session: Texts): Promise<ReadonlyMap<string, Counts>> {
  const { rows } = await session.text(COUNTS);
  return new Map(
    rows.map(([oid, ins, upd, del]) => [
      oid ?? "",
      { inserted: Number(ins), updated: Number(upd), deleted: Number(del) },
    ]),
  );
}

/** What was written between two readings. */
export function between(
  before: ReadonlyMap<string, Counts>,
  after: ReadonlyMap<string, Counts>,
): ReadonlyMap<string, Counts> {
  const none = { inserted: 0, updated: 0, deleted: 0 };
  const written = new Map<string, Counts>();
  for (const [oid, now] of after) {
    const then = before.get(oid) ?? none;
    const counts = {
      inserted: now.inserted - then.inserted,
      updated: now.updated - then.updated,
      deleted: now.deleted - then.deleted,
    };
    if (counts.inserted + counts.updated + counts.deleted > 0) written.set(oid, counts);
  }
  return written;
}

/** Names, columns and keys of relations, as the catalogue has them. */
export async function relationsOf(session: Texts, oids: readonly string[]): Promise<readonly Relation[]> {
  if (oids.length === 0) return [];
  const list = oids.map(Number).join(",");
  const named = await session.text(`SELECT c.oid, n.nspname, c.relname, c.relkind, n.nspname LIKE 'pg\\_temp%',
  pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.has_table_privilege(c.oid, 'SELECT')
 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN (${list}) ORDER BY 6`);
  const columns = await session.text(`SELECT a.attrelid, a.attname, t.typcategory IN ('N', 'B'),
  pg_catalog.array_position(i.indkey::pg_catalog.int2[], a.attnum)
 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
 LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
 WHERE a.attrelid IN (${list}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`);
  return named.rows.map(([oid, schema, name, kind, temporary, shown, readable]) => {
    const own = columns.rows.filter(([of]) => of === oid);
    const key = own.filter(([, , , at]) => at !== null).toSorted(([, , , a], [, , , b]) => Number(a) - Number(b));
    return {
      oid: oid ?? "",
      name: shown ?? "",
      quoted: `${quoteName(schema ?? "")}.${quoteName(name ?? "")}`,
      unseen: whyUnseen({ kind, temporary, readable }),
      columns: own.map(([, column, bare]) => ({ name: column ?? "", bare: bare === "t" })),
      key: key.map(([, column]) => column ?? ""),
    };
  });
}

type Cell = string | null | undefined;

function whyUnseen({
  kind,
  temporary,
  readable,
}: Readonly<Record<"kind" | "temporary" | "readable", Cell>>): string | null {
  if (temporary === "t") return "it belongs to one session alone";
  if (kind !== "r") return "it is no ordinary table";
  return readable === "t" ? null : "the role of the task may not read it";
}

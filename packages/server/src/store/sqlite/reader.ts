import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Orphan, ORPHANS } from "../orphans.ts";
import { matches } from "@countersign/core";
import { indexedSize, readMeta } from "./meta.ts";
import type { EntryRow, ReadOp, ReadRequests, RecordRow } from "./messages.ts";
import { entryQuery, recordQuery, recordTests } from "./queries.ts";
import type { RecordName } from "../store.ts";
import { checkRecord, damaged, type RecordRow as StoredRecord } from "../rows.ts";
import { sameSum, sumOfBytes } from "../sum.ts";

type Answers = { [Op in Exclude<ReadOp, "audit">]: (ask: ReadRequests[Op]["ask"]) => ReadRequests[Op]["answer"] };
interface StoredLeaf {
  readonly idx: number;
  readonly leaf: Uint8Array;
}

/** Every question that the store answers, over a connection that can only read. */
export function reader(db: DatabaseSync): Answers {
  db.function("covers_name", { deterministic: true }, (pattern, name) =>
    Number(matches(String(pattern), String(name))),
  );
  const prepared = new Map<string, StatementSync>();
  const sql: Sql = (text) => {
    const known = prepared.get(text) ?? db.prepare(text);
    if (prepared.size < 500) prepared.set(text, known);
    return known;
  };
  return { ...recordAnswers(db, sql), ...journalAnswers(db, sql), checkpoint: () => readMeta(db, "checkpoint") };
}

type Sql = (text: string) => StatementSync;
type RecordOp = "get" | "records" | "find" | "count" | "changed" | "changes";

function recordAnswers(db: DatabaseSync, sql: Sql): Pick<Answers, RecordOp> {
  return {
    get: (name) => named(sql, name),
    records: (names) =>
      atOnce(db, () => names.map((name) => named(sql, name))).filter((row): row is RecordRow => row !== null),
    find: ({ kind, where }) => {
      const { text, values } = recordQuery(kind, where);
      return (sql(text).all(...values) as unknown as StoredRecord[]).map(recordRow).toReversed();
    },
    count: ({ kind, where }) => {
      const { tests, values } = recordTests(kind, where);
      const row = sql(`SELECT count(*) AS n FROM records WHERE ${tests}`).get(...values);
      return (row as { readonly n: number }).n;
    },
    changed: ({ version, limit }) =>
      (
        sql("SELECT kind, id, version FROM records WHERE version > ? ORDER BY version, seq LIMIT ?").all(
          version,
          limit,
        ) as unknown as StoredRecord[]
      ).map((row) => [row.kind, row.id, row.version] as const),
    changes: ({ version, kinds }) => changes(db, sql, { version, kinds }),
  };
}

function journalAnswers(db: DatabaseSync, sql: Sql): Omit<Answers, RecordOp | "checkpoint"> {
  return {
    entries: (query) => {
      const { text, values } = entryQuery(
        query,
        () => indexedSize(db),
        () => (sql(LATE).get() as { readonly late: number }).late,
      );
      return (sql(text).all(...values) as unknown as StoredLeaf[]).map(entryRow);
    },
    entry: ({ id }) => {
      const row = sql("SELECT idx, leaf FROM journal WHERE id = ?").get(id);
      return row === undefined ? null : entryRow(row as unknown as StoredLeaf);
    },
    openIntents: () => (sql(OPEN_INTENTS).all() as unknown as StoredLeaf[]).map(entryRow),
    orphans: () => sql(ORPHANS).all() as unknown as Orphan[],
    blob: ({ name }) => {
      const row = sql("SELECT bytes, sum FROM blobs WHERE name = ?").get(name) as
        | { bytes: Uint8Array; sum: Uint8Array }
        | undefined;
      if (row === undefined) return null;
      if (!sameSum(row.sum, sumOfBytes(name, row.bytes))) throw damaged(`blob \`${name}\``);
      return row.bytes;
    },
    blobNames: ({ prefix, after, limit }) =>
      sql(
        "SELECT name FROM blobs WHERE name > ? AND name >= ? AND substr(name, 1, length(?)) = ? ORDER BY name LIMIT ?",
      )
        .all(after, prefix, prefix, prefix, limit)
        .map(({ name }) => String(name)),
    hashes: ({ from, count }) => {
      const rows = sql("SELECT leaf_hash FROM journal WHERE idx >= ? ORDER BY idx LIMIT ?").all(from, count);
      return Buffer.concat(rows.map(({ leaf_hash: leafHash }) => leafHash as Uint8Array));
    },
    leaves: ({ from, count }) => {
      const rows = sql("SELECT leaf FROM journal WHERE idx >= ? ORDER BY idx LIMIT ?").all(from, count);
      const leaves = rows.map(({ leaf }) => leaf as Uint8Array);
      return { sizes: leaves.map(({ length }) => length), bytes: Buffer.concat(leaves) };
    },
  };
}

/** Longest time after which a spool was merged. */
const LATE = "SELECT coalesce(max(body->>'$.state.lateMs'), 0) AS late FROM records WHERE kind = 'spool'";

const OPEN_INTENTS =
  "SELECT i.idx, i.leaf FROM journal i WHERE i.kind = 'action.intent' AND NOT EXISTS " +
  "(SELECT 1 FROM journal o WHERE o.intent = i.intent AND o.kind = 'action.outcome') ORDER BY i.idx";

function changes(db: DatabaseSync, sql: Sql, ask: ReadRequests["changes"]["ask"]): ReadRequests["changes"]["answer"] {
  // The version is that of the very state from which the records come.
  return atOnce(db, () => {
    const { last } = sql("SELECT max(version) AS last FROM records").get() as { readonly last: number | null };
    const places = ask.kinds.map(() => "?").join(",");
    const rows = sql(
      `SELECT kind, id, version, body, sum FROM records WHERE version > ? AND kind IN (${places}) ORDER BY version, seq`,
    );
    return {
      version: last ?? 0,
      records: (rows.all(ask.version, ...ask.kinds) as unknown as StoredRecord[]).map(recordRow),
    };
  });
}

/** One transaction: all that is asked is of one state. */
function atOnce<T>(db: DatabaseSync, ask: () => T): T {
  db.exec("BEGIN");
  try {
    return ask();
  } finally {
    db.exec("COMMIT");
  }
}

function named(sql: Sql, { kind, id }: RecordName): RecordRow | null {
  const row = sql("SELECT kind, id, version, body, sum FROM records WHERE kind = ? AND id = ?").get(kind, id);
  return row === undefined ? null : recordRow(row as unknown as StoredRecord);
}

function recordRow(row: StoredRecord): RecordRow {
  checkRecord(row);
  return [row.version, row.body];
}

function entryRow({ idx, leaf }: StoredLeaf): EntryRow {
  return [idx, leaf];
}

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { AppError, type Kind, matches, newId } from "@countersign/core";
import { indexedSize, readMeta } from "./meta.ts";
import type { EntryRow, ReadOp, ReadRequests, RecordRow } from "./messages.ts";
import type { EntryQuery, RecordFilter } from "./store.ts";
import { sameSum, sumOf, sumOfBytes } from "./sum.ts";

/** Most rows of one answer: whoever wants more asks again. */
const MAX_ROWS = 10_000;

type Answers = { [Op in Exclude<ReadOp, "audit">]: (ask: ReadRequests[Op]["ask"]) => ReadRequests[Op]["answer"] };
interface StoredRecord {
  readonly kind: string;
  readonly id: string;
  readonly version: number;
  readonly body: string;
  readonly sum: Uint8Array;
}
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
  const sql = (text: string): StatementSync => {
    const known = prepared.get(text) ?? db.prepare(text);
    if (prepared.size < 500) prepared.set(text, known);
    return known;
  };
  return {
    get: ({ kind, id }) => {
      const row = sql("SELECT kind, id, version, body, sum FROM records WHERE kind = ? AND id = ?").get(kind, id);
      return row === undefined ? null : recordRow(row as unknown as StoredRecord);
    },
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
      ).map((row) => [row.kind as Kind, row.id, row.version] as const),
    changes: ({ version, kinds }) => changes(db, sql, { version, kinds }),
    entries: (query) => {
      const { text, values } = entryQuery(query, () => indexedSize(db));
      return (sql(text).all(...values) as unknown as StoredLeaf[]).map(entryRow);
    },
    entry: ({ id }) => {
      const row = sql("SELECT idx, leaf FROM journal WHERE id = ?").get(id);
      return row === undefined ? null : entryRow(row as unknown as StoredLeaf);
    },
    openIntents: () => (sql(OPEN_INTENTS).all() as unknown as StoredLeaf[]).map(entryRow),
    blob: ({ name }) => {
      const row = sql("SELECT bytes, sum FROM blobs WHERE name = ?").get(name) as
        | { bytes: Uint8Array; sum: Uint8Array }
        | undefined;
      if (row === undefined) return null;
      if (!sameSum(row.sum, sumOfBytes(name, row.bytes))) throw damaged(`blob \`${name}\``);
      return row.bytes;
    },
    hashes: ({ from, count }) => {
      const rows = sql("SELECT leaf_hash FROM journal WHERE idx >= ? ORDER BY idx LIMIT ?").all(from, count);
      return Buffer.concat(rows.map(({ leaf_hash: leafHash }) => leafHash as Uint8Array));
    },
    leaves: ({ from, count }) => {
      const rows = sql("SELECT leaf FROM journal WHERE idx >= ? ORDER BY idx LIMIT ?").all(from, count);
      const leaves = rows.map(({ leaf }) => leaf as Uint8Array);
      return { sizes: leaves.map(({ length }) => length), bytes: Buffer.concat(leaves) };
    },
    checkpoint: () => readMeta(db, "checkpoint"),
  };
}

const OPEN_INTENTS =
  "SELECT i.idx, i.leaf FROM journal i WHERE i.kind = 'action.intent' AND NOT EXISTS " +
  "(SELECT 1 FROM journal o WHERE o.intent = i.intent AND o.kind = 'action.outcome') ORDER BY i.idx";

function changes(
  db: DatabaseSync,
  sql: (text: string) => StatementSync,
  ask: ReadRequests["changes"]["ask"],
): ReadRequests["changes"]["answer"] {
  // One transaction: the version is that of the very state from which the records come.
  db.exec("BEGIN");
  try {
    const { last } = sql("SELECT max(version) AS last FROM records").get() as { readonly last: number | null };
    const places = ask.kinds.map(() => "?").join(",");
    const rows = sql(
      `SELECT kind, id, version, body, sum FROM records WHERE version > ? AND kind IN (${places}) ORDER BY version, seq`,
    );
    return {
      version: last ?? 0,
      records: (rows.all(ask.version, ...ask.kinds) as unknown as StoredRecord[]).map(recordRow),
    };
  } finally {
    db.exec("COMMIT");
  }
}

function recordRow({ kind, id, version, body, sum }: StoredRecord): RecordRow {
  if (!sameSum(sum, sumOf(version, kind, id, body))) throw damaged(`record \`${kind} ${id}\``);
  return [version, body];
}

function entryRow({ idx, leaf }: StoredLeaf): EntryRow {
  return [idx, leaf];
}

function damaged(what: string): AppError {
  return new AppError("data.damaged", { detail: `${what} is damaged; restore the database from a copy` });
}

interface Query {
  readonly text: string;
  readonly values: SQLInputValue[];
}

function recordTests(kind: string, where: RecordFilter): { readonly tests: string; readonly values: SQLInputValue[] } {
  const tests = ["kind = ?"];
  const values: SQLInputValue[] = [kind];
  for (const column of ["status", "owner", "agent", "task", "device", "key"] as const) {
    const value = where[column];
    if (value === undefined) continue;
    tests.push(`${column} = ?`);
    values.push(value);
  }
  if (where.before !== undefined) {
    tests.push("seq < (SELECT seq FROM records WHERE kind = ? AND id = ?)");
    values.push(kind, where.before);
  }
  return { tests: tests.join(" AND "), values };
}

function recordQuery(kind: string, where: RecordFilter): Query {
  const { tests, values } = recordTests(kind, where);
  const limit = where.limit === undefined ? "" : " LIMIT ?";
  if (where.limit !== undefined) values.push(where.limit);
  return {
    text: `SELECT kind, id, version, body, sum FROM records WHERE ${tests} ORDER BY seq DESC${limit}`,
    values,
  };
}

function entryQuery(query: EntryQuery, indexed: () => number): Query {
  const tests = ["1"];
  const values: SQLInputValue[] = [];
  const add = (test: string, ...given: SQLInputValue[]): void => {
    tests.push(test);
    values.push(...given);
  };
  if (query.from !== undefined) add(query.reverse === true ? "idx <= ?" : "idx >= ?", query.from);
  for (const column of ["task", "agent", "human", "intent", "kind"] as const) {
    const value = query[column];
    if (value !== undefined) add(`${column} = ?`, value);
  }
  if (query.acts === true) add("kind IN ('action.intent', 'decision')");
  if (query.device !== undefined)
    add("task IN (SELECT id FROM records WHERE kind = 'task' AND device = ?)", query.device);
  addTimes(query, add);
  if (query.resource !== undefined) addResource(query.resource, indexed(), add);
  if (query.record !== undefined)
    add("idx IN (SELECT idx FROM named WHERE kind = ? AND id = ?)", query.record.kind, query.record.id);
  values.push(Math.min(Math.max(0, query.limit), MAX_ROWS));
  // A task counts its entries in the order of the journal, and has an index over its count.
  const order = `${query.task === undefined ? "idx" : "task_seq"} ${query.reverse === true ? "DESC" : "ASC"}`;
  return { text: `SELECT idx, leaf FROM journal WHERE ${tests.join(" AND ")} ORDER BY ${order} LIMIT ?`, values };
}

type Add = (test: string, ...given: SQLInputValue[]) => void;

/** Ids begin with their time: the entry with the first id of a time tells where in the journal that time begins. */
function addTimes({ since, until }: EntryQuery, add: Add): void {
  const first = (time: number): string => newId("ent", time, (length) => new Uint8Array(length));
  if (since !== undefined) add("idx >= (SELECT idx FROM journal WHERE id >= ? ORDER BY id LIMIT 1)", first(since));
  if (until !== undefined) add("idx <= (SELECT idx FROM journal WHERE id < ? ORDER BY id DESC LIMIT 1)", first(until));
}

/** Resources that were entered already, and those of the newest entries, which were not. */
function addResource(pattern: string, indexed: number, add: Add): void {
  const { test, values } = nameTest(pattern);
  const entered = `SELECT idx FROM resources WHERE ${test}`;
  const newest = `SELECT idx FROM (SELECT idx, resource AS name FROM journal WHERE idx >= ? AND resource IS NOT NULL) WHERE ${test}`;
  add(`idx IN (${entered} UNION ALL ${newest})`, ...values, indexed, ...values);
}

function nameTest(pattern: string): { readonly test: string; readonly values: readonly SQLInputValue[] } {
  const star = pattern.indexOf("*");
  if (star === -1) return { test: "name = ?", values: [pattern] };
  const prefix = pattern.slice(0, star);
  const end = prefixEnd(prefix);
  if (end === null) return { test: "name >= ? AND covers_name(?, name)", values: [prefix, pattern] };
  return { test: "name >= ? AND name < ? AND covers_name(?, name)", values: [prefix, end, pattern] };
}

/** The first text after all that begin with `prefix`, in code point order; null: there is none. */
function prefixEnd(prefix: string): string | null {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    if (next <= 0x10ffff) return String.fromCodePoint(...points, next);
  }
  return null;
}

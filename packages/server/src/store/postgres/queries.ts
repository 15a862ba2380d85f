import { timeTests } from "../entry-times.ts";
import { FURTHER_RESOURCE } from "../further-resources.ts";
import { prefixEnd } from "../prefix-end.ts";
import type { EntryQuery, RecordFilter } from "../store.ts";
import { searchable } from "./searchable.ts";

/** Most rows of one answer: whoever wants more asks again. */
export const MAX_ROWS = 10_000;

/** A statement with the values of its places. */
export interface Query {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Gathers tests, and numbers the places of their values. */
class Tests {
  readonly values: unknown[] = [];
  readonly tests: string[] = [];

  /** `?` stands for the next value. */
  add(test: string, ...given: readonly unknown[]): void {
    let i = 0;
    this.tests.push(test.replaceAll("?", () => this.place(given[i++])));
  }

  place(value: unknown): string {
    this.values.push(typeof value === "string" ? searchable(value) : value);
    return `$${String(this.values.length)}`;
  }

  toString(): string {
    return this.tests.join(" AND ");
  }
}

function recordTests(kind: string, where: RecordFilter): Tests {
  const tests = new Tests();
  tests.add("kind = ?", kind);
  for (const column of ["status", "owner", "agent", "task", "device", "key"] as const) {
    const value = where[column];
    if (value !== undefined) tests.add(`${column} = ?`, value);
  }
  if (where.before !== undefined)
    tests.add("seq < (SELECT seq FROM records WHERE kind = ? AND id = ?)", kind, where.before);
  return tests;
}

/** Records of one kind, newest first. */
export function recordQuery(kind: string, where: RecordFilter): Query {
  const tests = recordTests(kind, where);
  const limit = where.limit === undefined ? "" : ` LIMIT ${tests.place(where.limit)}`;
  return {
    text: `SELECT kind, id, version, body, sum FROM records WHERE ${String(tests)} ORDER BY seq DESC${limit}`,
    values: tests.values,
  };
}

export function countQuery(kind: string, where: RecordFilter): Query {
  const tests = recordTests(kind, where);
  return { text: `SELECT count(*) AS n FROM records WHERE ${String(tests)}`, values: tests.values };
}

/** Which part of an answer is asked for. */
export interface Page {
  readonly limit: number;
  /** Index of the last entry of the page before. */
  readonly after: number | null;
  /** See `timeTests`; what {@link LATE} says, where the query has an end. */
  readonly lateMs: number;
}

/** Longest time after which a spool was merged. */
export const LATE =
  "SELECT coalesce(max((looked_up(body) #>> '{state,lateMs}')::float8), 0) AS late FROM records WHERE kind = 'spool'";

/** Entries of the journal; for a pattern, those that may match it. */
export function entryQuery(query: EntryQuery, { limit, after, lateMs }: Page): Query {
  const tests = new Tests();
  const isReverse = query.reverse === true;
  tests.add("true");
  addPlace(query, after, tests);
  for (const column of ["task", "agent", "human", "intent", "kind"] as const) {
    const value = query[column];
    if (value !== undefined) tests.add(`${column} = ?`, value);
  }
  if (query.acts === true) tests.add("kind IN ('action.intent', 'decision')");
  if (query.device !== undefined)
    tests.add("task IN (SELECT id FROM records WHERE kind = 'task' AND device = ?)", query.device);
  for (const { test, value } of timeTests(query, () => lateMs)) tests.add(test, value);
  if (query.resource !== undefined) addResource(query.resource, tests);
  if (query.record !== undefined)
    tests.add("idx IN (SELECT idx FROM named WHERE kind = ? AND id = ?)", query.record.kind, query.record.id);
  // A task counts its entries in the order of the journal, and has an index over its count.
  const order = `${query.task === undefined ? "idx" : "task_seq"} ${isReverse ? "DESC" : "ASC"}`;
  const text = `SELECT idx, leaf FROM journal WHERE ${String(tests)} ORDER BY ${order} LIMIT ${tests.place(limit)}`;
  return { text, values: tests.values };
}

function addPlace({ from, reverse }: EntryQuery, after: number | null, tests: Tests): void {
  const isReverse = reverse === true;
  if (from !== undefined) tests.add(isReverse ? "idx <= ?" : "idx >= ?", from);
  if (after !== null) tests.add(isReverse ? "idx < ?" : "idx > ?", after);
}

/** The first resource of an entry, and those of entries that have several. */
function addResource(pattern: string, tests: Tests): void {
  const first = nameTest("resource", pattern);
  const further = nameTest("id", pattern);
  tests.add(
    `idx IN (SELECT idx FROM journal WHERE ${first.test} UNION ALL ` +
      `SELECT idx FROM named WHERE kind = '${FURTHER_RESOURCE}' AND ${further.test})`,
    ...first.values,
    ...further.values,
  );
}

/** `LIKE` knows no segments: what it lets through is looked at again. */
function nameTest(column: string, pattern: string): { readonly test: string; readonly values: readonly string[] } {
  const star = pattern.indexOf("*");
  if (star === -1) return { test: `${column} = ?`, values: [pattern] };
  const prefix = searchable(pattern.slice(0, star));
  const end = prefixEnd(prefix);
  const like = pattern.replaceAll(/[\\%_]/g, "\\$&").replaceAll(/\*+/g, "%");
  if (end === null) return { test: `${column} >= ? AND ${column} LIKE ?`, values: [prefix, like] };
  return { test: `${column} >= ? AND ${column} < ? AND ${column} LIKE ?`, values: [prefix, end, like] };
}

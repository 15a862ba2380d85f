import type { SQLInputValue } from "node:sqlite";
import { timeTests } from "../entry-times.ts";
import { FURTHER_RESOURCE } from "../further-resources.ts";
import { prefixEnd } from "../prefix-end.ts";
import type { EntryQuery, RecordFilter } from "../store.ts";

/** Most rows of one answer: whoever wants more asks again. */
const MAX_ROWS = 10_000;

/** A statement with the values of its places. */
export interface Query {
  readonly text: string;
  readonly values: SQLInputValue[];
}

/** Tests that a record must pass; those of columns have an index each. */
export function recordTests(
  kind: string,
  where: RecordFilter,
): { readonly tests: string; readonly values: SQLInputValue[] } {
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

/** Records of one kind, newest first. */
export function recordQuery(kind: string, where: RecordFilter): Query {
  const { tests, values } = recordTests(kind, where);
  const limit = where.limit === undefined ? "" : " LIMIT ?";
  if (where.limit !== undefined) values.push(where.limit);
  return {
    text: `SELECT kind, id, version, body, sum FROM records WHERE ${tests} ORDER BY seq DESC${limit}`,
    values,
  };
}

/** Entries of the journal. `indexed`: how many of them have their resource entered in its index; `lateMs`: see {@link timeTests}. */
export function entryQuery(query: EntryQuery, indexed: () => number, lateMs: () => number): Query {
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
  for (const { test, value } of timeTests(query, lateMs)) add(test, value);
  if (query.resource !== undefined) addResource(query.resource, indexed(), add);
  if (query.record !== undefined)
    add("idx IN (SELECT idx FROM named WHERE kind = ? AND id = ?)", query.record.kind, query.record.id);
  values.push(Math.min(Math.max(0, query.limit), MAX_ROWS));
  // A task counts its entries in the order of the journal, and has an index over its count.
  const order = `${query.task === undefined ? "idx" : "task_seq"} ${query.reverse === true ? "DESC" : "ASC"}`;
  return { text: `SELECT idx, leaf FROM journal WHERE ${tests.join(" AND ")} ORDER BY ${order} LIMIT ?`, values };
}

type Add = (test: string, ...given: SQLInputValue[]) => void;

/** Resources that were entered already, those of the newest entries, which were not, and those of entries that have several. */
function addResource(pattern: string, indexed: number, add: Add): void {
  const { test, values } = nameTest(pattern);
  const entered = `SELECT idx FROM resources WHERE ${test}`;
  const newest = `SELECT idx FROM (SELECT idx, resource AS name FROM journal WHERE idx >= ? AND resource IS NOT NULL) WHERE ${test}`;
  const further = `SELECT idx FROM (SELECT id AS name, idx FROM named WHERE kind = '${FURTHER_RESOURCE}') WHERE ${test}`;
  add(`idx IN (${entered} UNION ALL ${newest} UNION ALL ${further})`, ...values, indexed, ...values, ...values);
}

function nameTest(pattern: string): { readonly test: string; readonly values: readonly SQLInputValue[] } {
  const star = pattern.indexOf("*");
  if (star === -1) return { test: "name = ?", values: [pattern] };
  const prefix = pattern.slice(0, star);
  const end = prefixEnd(prefix);
  if (end === null) return { test: "name >= ? AND covers_name(?, name)", values: [prefix, pattern] };
  return { test: "name >= ? AND name < ? AND covers_name(?, name)", values: [prefix, end, pattern] };
}

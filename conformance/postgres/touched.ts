import { connectTo } from "../../packages/gateway/src/postgres/testing/session-facts.ts";
import { qualified } from "../../packages/gateway/src/postgres/judge/names.ts";
import type { Verdict } from "../../packages/gateway/src/postgres/judge/index.ts";

type Client = Awaited<ReturnType<typeof connectTo>>;

/** What a statement really touched, as the server counts and locks it. */
export interface Touched {
  /** Relations of before that it holds a lock of, by the strongest mode, indexes told by their table. */
  readonly locked: readonly { readonly relation: string; readonly writes: boolean }[];
  /** Relations with rows inserted, updated or deleted. */
  readonly written: readonly string[];
  /** Functions that somebody made and that ran. */
  readonly called: readonly string[];
}

/**
 * Runs a text in a transaction that is rolled back. Locks are read over a second connection, so that looking at them adds none; what the server
 * does within its own catalogue for DDL is no part of the answer.
 */
export async function touchedBy(session: Client, watcher: Client, sql: string): Promise<Touched> {
  const pid = await one(session, "SELECT pg_catalog.pg_backend_pid() AS value");
  const before = new Set(await all(watcher, "SELECT oid::text AS value FROM pg_catalog.pg_class"));
  await session.query("SET track_functions = 'all'");
  await session.query("SELECT pg_catalog.pg_stat_force_next_flush()");
  const written = new Map(await counters(session));
  const called = new Map(await calls(session));
  await session.query("BEGIN");
  try {
    await session.query(sql);
    await session.query("SET CONSTRAINTS ALL IMMEDIATE");
    const locked = await locks(watcher, pid, before);
    return { locked, written: grown(await counters(session), written), called: grown(await calls(session), called) };
  } finally {
    await session.query("ROLLBACK");
  }
}

const PLANNED: ReadonlySet<string> = new Set(["ExplainStmt", "PrepareStmt", "RuleStmt"]);

/** What the verdict did not say; nothing when it said all. */
export function missedBy(
  { verdict, reads, writes, functions, statements }: Verdict,
  touched: Touched,
): readonly string[] {
  if (verdict !== "known") return [];
  // What is only planned or kept takes the locks of what it would do.
  const planned = statements.every(
    ({ kind, relations }) =>
      PLANNED.has(kind) || (kind === "MergeStmt" && relations.every(({ operation }) => operation === "select")),
  );
  const missed = touched.locked.flatMap(({ relation, writes: strong }) => {
    if (writes.includes(relation) || ((!strong || planned) && reads.includes(relation))) return [];
    return [`${strong ? "write" : "read"} of ${relation}`];
  });
  return [
    ...missed,
    ...touched.written.filter((relation) => !writes.includes(relation)).map((relation) => `rows of ${relation}`),
    ...touched.called.filter((name) => !functions.includes(name)).map((name) => `call of ${name}`),
  ];
}

async function counters(session: Client): Promise<(readonly [string, string])[]> {
  const { rows } = await session.query<{ schema: string; name: string; count: string }>(
    "SELECT schemaname AS schema, relname AS name, (n_tup_ins + n_tup_upd + n_tup_del)::text AS count FROM pg_catalog.pg_stat_xact_user_tables",
  );
  return rows.map(({ schema, name, count }) => [qualified(schema, name), count]);
}

async function calls(session: Client): Promise<(readonly [string, string])[]> {
  const { rows } = await session.query<{ schema: string; name: string; count: string }>(
    "SELECT schemaname AS schema, funcname AS name, sum(calls)::text AS count FROM pg_catalog.pg_stat_xact_user_functions WHERE schemaname <> 'pg_catalog' GROUP BY 1, 2",
  );
  return rows.map(({ schema, name, count }) => [qualified(schema, name), count]);
}

/** Counters go on from what the session did before and has not told the server yet. */
function grown(after: readonly (readonly [string, string])[], before: ReadonlyMap<string, string>): readonly string[] {
  return after.filter(([name, count]) => count !== (before.get(name) ?? "0")).map(([name]) => name);
}

/** AccessShareLock and RowShareLock are those of reading and of looking a key up; a sequence is locked alike by currval and nextval. */
async function locks(watcher: Client, pid: string, before: ReadonlySet<string>): Promise<Touched["locked"]> {
  const { rows } = await watcher.query<{ oid: string; schema: string; name: string; writes: boolean }>(
    `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, bool_or(l.mode NOT IN ('AccessShareLock', 'RowShareLock') AND c.relkind <> 'S') AS writes
     FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE l.pid = $1::int AND l.locktype = 'relation' AND c.relkind NOT IN ('i', 'I', 't')
       AND (n.nspname <> 'pg_catalog' OR c.relkind = 'v') AND n.nspname <> 'pg_toast'
     GROUP BY 1, 2, 3`,
    [pid],
  );
  return rows
    .filter(({ oid }) => before.has(oid))
    .map(({ schema, name, writes }) => ({ relation: qualified(schema, name), writes }));
}

async function one(client: Client, text: string): Promise<string> {
  return (await all(client, text))[0] ?? "";
}

async function all(client: Client, text: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ value: unknown }>(text);
  return rows.map(({ value }) => String(value));
}

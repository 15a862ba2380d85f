import { type Texts, quoteName, quoteText } from "./texts.ts";

/** What of a session a statement's meaning rests on. */
export interface StatementSession {
  /** Schemas in their order, as `current_schemas(false)` says. */
  readonly searchPath: readonly string[];
  /** Settings that the client has made. */
  readonly settings: Readonly<Record<string, string>>;
}

/** How values are printed: the same wherever and whenever they are compared. */
const PRINTED: Readonly<Record<string, string>> = {
  TimeZone: "UTC",
  DateStyle: "ISO, YMD",
  IntervalStyle: "postgres",
  extra_float_digits: "1",
  bytea_output: "hex",
  xmlbinary: "base64",
};
/** Built-in names are found first: nobody's operator or function takes the place of one that is meant. */
const BUILT_IN_FIRST = `SELECT pg_catalog.set_config('search_path',
 pg_catalog.concat_ws(', ', 'pg_catalog', nullif(pg_catalog.current_setting('search_path'), '')), true)`;

/** Begins to look from outside: sees what is committed now and nothing later. Answers the name of that state for others to begin on. */
export async function beginOutside(session: Texts, { searchPath, settings }: StatementSession): Promise<string> {
  await session.text("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  await setLocal(session, { ...settings, search_path: searchPath.map(quoteName).join(", ") });
  await printPlainly(session);
  const { rows } = await session.text("SELECT pg_catalog.pg_export_snapshot()");
  return rows[0]?.[0] ?? "";
}

/**
 * Begins a transaction on that state, where one is given, and answers its id. The id is given out after the state was taken: every row that it sees with this
 * id or a later one is its own.
 */
export async function beginInside(session: Texts, snapshot: string | null): Promise<Begun> {
  await session.text(snapshot === null ? "BEGIN READ WRITE" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE");
  if (snapshot !== null) await session.text(`SET TRANSACTION SNAPSHOT ${quoteText(snapshot)}`);
  const { rows } = await session.text(
    "SELECT x, x::pg_catalog.xid FROM (SELECT pg_catalog.pg_current_xact_id()) AS t(x)",
  );
  return { transaction: rows[0]?.[0] ?? "", xid: rows[0]?.[1] ?? "" };
}
export interface Begun {
  /** 64 bits: what `pg_xact_status` takes. */
  readonly transaction: string;
  /** 32 bits: what stands in the rows. */
  readonly xid: string;
}

/** What would still happen at the commit happens now; after this only looking. */
export async function completeInside(session: Texts): Promise<void> {
  await session.text("SET CONSTRAINTS ALL IMMEDIATE");
  await printPlainly(session);
}

async function printPlainly(session: Texts): Promise<void> {
  await session.text(BUILT_IN_FIRST);
  await setLocal(session, PRINTED);
}

/** What the client has set in its session, or asked for when it began, of all that may change what a statement does. */
export async function sessionSettings(session: Texts): Promise<Readonly<Record<string, string>>> {
  const { rows } = await session.text(`SELECT name, setting FROM pg_catalog.pg_settings
 WHERE source IN ('session', 'client') AND context = 'user' AND name <> 'search_path' AND name NOT LIKE 'transaction%'
  AND name NOT IN ('application_name', 'client_encoding', 'statement_timeout', 'lock_timeout')`);
  return Object.fromEntries(rows.map(([name, setting]) => [name ?? "", setting ?? ""]));
}

/** Until the end of the transaction. */
export async function setLocal(session: Texts, settings: Readonly<Record<string, string>>): Promise<void> {
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${quoteText(name)}, ${quoteText(value)}, true)`,
  );
  if (calls.length > 0) await session.text(`SELECT ${calls.join(", ")}`);
}

import { Client } from "pg";
import type { Session } from "../judge/index.ts";

/** A client of a scratch database; it has to be ended. */
export async function connectTo(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  // A database that is dropped under a client says so by an error event as well.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** What a judgement rests on, asked of the session itself. */
export async function sessionOf(client: Client): Promise<Session> {
  const { rows } = await client.query<{ path: string[]; temp: string | null; block: boolean }>(
    `SELECT pg_catalog.current_schemas(false)::text[] AS path,
       (SELECT nspname::text FROM pg_catalog.pg_namespace WHERE oid = pg_catalog.pg_my_temp_schema()) AS temp,
       pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL AS block`,
  );
  const prepared = await named(client, "SELECT name, statement FROM pg_catalog.pg_prepared_statements");
  const cursors = await named(client, "SELECT name, statement FROM pg_catalog.pg_cursors WHERE name <> ''");
  return {
    searchPath: rows[0]?.path ?? [],
    tempSchema: rows[0]?.temp ?? null,
    inTransaction: rows[0]?.block === true,
    prepared: (name) => prepared.get(name),
    cursor: (name) => cursors.get(name),
  };
}

async function named(client: Client, text: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; statement: string }>(text);
  return new Map(rows.map(({ name, statement }) => [name, statement]));
}

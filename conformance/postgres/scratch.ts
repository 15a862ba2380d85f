import { type Postgres, startPostgres } from "@countersign/server/testing";
import { PostgresCatalogue } from "../../packages/gateway/src/postgres/catalogue/index.ts";
import { type Verdict, judge, loadParser } from "../../packages/gateway/src/postgres/judge/index.ts";
import { connectTo, sessionOf } from "../../packages/gateway/src/postgres/testing/session-facts.ts";

type Client = Awaited<ReturnType<typeof connectTo>>;

/** One statement to be judged, and what has to be there before. */
export interface Statement {
  readonly sql: string;
  readonly setup?: string | readonly string[];
}

/** A PostgreSQL of its own; each statement gets a database of its own. */
export class Scratch {
  private readonly postgres: Postgres;
  private readonly roles: ReadonlySet<string>;
  private made = 0;

  private constructor(postgres: Postgres, roles: ReadonlySet<string>) {
    this.postgres = postgres;
    this.roles = roles;
  }

  static async start(): Promise<Scratch> {
    await loadParser();
    const postgres = await startPostgres(["fsync = off", "full_page_writes = off", "autovacuum = off"]);
    return new Scratch(postgres, await rolesOf(postgres));
  }

  /** Sets up a new database, judges the statement in it, and gives `then` the session and the verdict. */
  async judged<Result>(
    { sql, setup = [] }: Statement,
    then: (session: Client, verdict: Verdict) => Promise<Result>,
  ): Promise<Result> {
    const name = `scratch_${String((this.made += 1))}`;
    const url = await this.postgres.url(name);
    const client = await connectTo(url);
    try {
      for (const text of typeof setup === "string" ? [setup] : setup) await client.query(text);
      const verdict = judge(sql, await sessionOf(client), await catalogueOf(client));
      return await then(client, verdict);
    } finally {
      await client.end();
      await this.postgres.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await this.dropRoles();
    }
  }

  private async dropRoles(): Promise<void> {
    for (const role of await rolesOf(this.postgres))
      if (!this.roles.has(role)) await this.postgres.query(`DROP ROLE IF EXISTS "${role.replaceAll('"', '""')}"`);
  }

  async stop(): Promise<void> {
    await this.postgres.stop();
  }
}

async function rolesOf(postgres: Postgres): Promise<ReadonlySet<string>> {
  const rows = await postgres.query("SELECT rolname FROM pg_catalog.pg_roles");
  return new Set(rows.map(({ rolname }) => String(rolname)));
}

/**
 * The catalogue as the session itself sees it, what its set-up has not committed included. Its search path is put aside while it is read: only
 * what the catalogue prints depends on it.
 */
async function catalogueOf(client: Client): Promise<Awaited<ReturnType<PostgresCatalogue["current"]>>> {
  const { rows } = await client.query<{ path: string }>("SELECT pg_catalog.current_setting('search_path') AS path");
  const inBlock = await isInBlock(client);
  await client.query("SELECT pg_catalog.set_config('search_path', '', false)");
  const connection = {
    query: async (text: string, values?: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }> =>
      inBlock && /^(BEGIN|COMMIT)/.test(text)
        ? { rows: [] }
        : values === undefined
          ? firstOf(await client.query(text))
          : client.query(text, [...values]),
  };
  const catalogue = await new PostgresCatalogue(connection, { now: () => performance.now() }).current();
  await client.query("SELECT pg_catalog.set_config('search_path', $1, false)", [rows[0]?.path ?? ""]);
  return catalogue;
}

/** A string of two statements has two results. */
function firstOf<Result extends { rows: Record<string, unknown>[] }>(
  result: Result | readonly Result[],
): { rows: Record<string, unknown>[] } {
  return "rows" in result ? result : { rows: [] };
}

async function isInBlock(client: Client): Promise<boolean> {
  const { rows } = await client.query("SELECT pg_catalog.now() <> pg_catalog.statement_timestamp() AS inside");
  return (rows as { inside: boolean }[])[0]?.inside === true;
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { PostgresCatalogue } from "../../packages/gateway/src/postgres/catalogue/index.ts";
import type { Catalogue } from "../../packages/gateway/src/postgres/judge/catalogue.ts";
import { loadParser, type Verdict } from "../../packages/gateway/src/postgres/judge/index.ts";
import { judgement } from "../../packages/gateway/src/postgres/judge/judge.ts";
import { connectTo, sessionOf } from "../../packages/gateway/src/postgres/testing/session-facts.ts";

export type Client = Awaited<ReturnType<typeof connectTo>>;

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
  private shared: { readonly session: Client; readonly watcher: Client; readonly catalogue: Catalogue } | null = null;

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
    statement: Statement,
    then: (session: Client, verdict: Verdict) => Promise<Result>,
  ): Promise<Result> {
    const name = this.name();
    await this.postgres.query(`CREATE DATABASE ${name}`);
    return await this.inDatabase(name, async (client) => {
      await setUp(client, statement);
      return await then(client, judgement(statement.sql, await sessionOf(client), await catalogueOf(client)).verdict);
    });
  }

  /** The same in a database that has the fixture: one for all statements without a set-up of their own, else a copy. */
  async withFixture<Result>(
    statement: Statement,
    then: (session: Client, watcher: Client, verdict: Verdict) => Promise<Result>,
  ): Promise<Result> {
    const { session, watcher, catalogue } = (this.shared ??= await this.makeFixture());
    if (statement.setup === undefined) {
      const result = await then(
        session,
        watcher,
        judgement(statement.sql, await sessionOf(session), catalogue).verdict,
      );
      await session.query("DISCARD ALL");
      return result;
    }
    const name = this.name();
    await this.postgres.query(`CREATE DATABASE ${name} TEMPLATE fixture_copy`);
    return await this.inDatabase(name, async (client, url) => {
      await setUp(client, statement);
      const verdict = judgement(statement.sql, await sessionOf(client), await catalogueOf(client)).verdict;
      const beside = await connectTo(url);
      try {
        return await then(client, beside, verdict);
      } finally {
        await beside.end();
      }
    });
  }

  private async makeFixture(): Promise<NonNullable<Scratch["shared"]>> {
    const url = await this.postgres.url("fixture");
    const session = await connectTo(url);
    await session.query(readFileSync(join(import.meta.dirname, "fixture.sql"), "utf8"));
    await session.end();
    await this.postgres.query("CREATE DATABASE fixture_copy TEMPLATE fixture");
    const again = await connectTo(url);
    return { session: again, watcher: await connectTo(url), catalogue: await catalogueOf(again) };
  }

  private name(): string {
    this.made += 1;
    return `scratch_${String(this.made)}`;
  }

  private async inDatabase<Result>(
    name: string,
    use: (client: Client, url: string) => Promise<Result>,
  ): Promise<Result> {
    const url = (await this.postgres.url("fixture")).replace(/fixture$/, name);
    const client = await connectTo(url);
    try {
      return await use(client, url);
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
    await this.shared?.session.end();
    await this.shared?.watcher.end();
    await this.postgres.stop();
  }
}

async function setUp(client: Client, { setup = [] }: Statement): Promise<void> {
  for (const text of typeof setup === "string" ? [setup] : setup) await client.query(text);
}

async function rolesOf(postgres: Postgres): Promise<ReadonlySet<string>> {
  const rows = await postgres.query("SELECT rolname FROM pg_catalog.pg_roles");
  return new Set(rows.map(({ rolname }) => String(rolname)));
}

/**
 * The catalogue as the session itself sees it, what its set-up has not committed included. Its search path is put aside while it is read: only
 * what the catalogue prints depends on it.
 */
async function catalogueOf(client: Client): Promise<Catalogue> {
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

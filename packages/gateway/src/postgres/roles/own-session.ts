import type { Client } from "pg";

export type Row = Readonly<Record<string, unknown>>;
/** Runs one statement, or several without values; answers the rows of the last. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
/** What the server behind a session is. */
export interface ServerFacts {
  /** As PostgreSQL counts: 150018, 180004. */
  readonly version: number;
  readonly login: string;
  readonly database: string;
}
export interface OwnSessionOptions {
  /** A client that is not connected yet, with the secret as it is now. */
  readonly client: () => Promise<Client>;
}

/** Most work that waits for the one connection: whoever would be behind it is refused. */
const MOST_WAITING = 1000;
/** PostgreSQL 16 lets whoever makes a role inherit from it and become it, if asked. Objects of a task are given away through that. */
const SELF_GRANT = "SET createrole_self_grant = 'inherit, set'";
const SETTINGS = [
  "SET standard_conforming_strings = on",
  // INV-2: nothing that somebody put into another schema is called in place of the server's own.
  "SET search_path = pg_catalog",
  "SET statement_timeout = '10s'",
  "SET lock_timeout = '3s'",
  "SET idle_in_transaction_session_timeout = '15s'",
].join("; ");

/** The gateway's own connection to one database: opened when it is needed, one piece of work after the other, opened anew when it broke. */
export class OwnSession {
  private readonly options: OwnSessionOptions;
  private opened: Promise<Opened> | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(options: OwnSessionOptions) {
    this.options = options;
  }

  /** Runs work that is nobody else's between its statements. Rejects as it does; a connection that failed is not used again. */
  async run<T>(work: (query: Query, facts: ServerFacts) => Promise<T>): Promise<T> {
    if (this.waiting >= MOST_WAITING) throw new Error("too much waits for the database");
    this.waiting += 1;
    const before = this.last;
    const mine = (async () => {
      await before.catch(() => undefined);
      return await this.once(work);
    })();
    this.last = mine;
    return await mine.finally(() => (this.waiting -= 1));
  }

  /** The same in one transaction, alone among all gateways of this database that do such work. */
  async alone<T>(work: (query: Query, facts: ServerFacts) => Promise<T>): Promise<T> {
    return await this.run(async (query, facts) => {
      // The number is that of this use of advisory locks: any constant, the same everywhere.
      await query("BEGIN; SELECT pg_advisory_xact_lock(7332, 9)");
      const done = await work(query, facts);
      await query("COMMIT");
      return done;
    });
  }

  async close(): Promise<void> {
    await this.last.catch(() => undefined);
    if (this.opened !== null) await this.drop(this.opened);
  }

  private async once<T>(work: (query: Query, facts: ServerFacts) => Promise<T>): Promise<T> {
    if (this.opened !== null && (await this.opened.catch(() => null))?.lost.aborted !== false)
      await this.drop(this.opened);
    const opened = (this.opened ??= this.open());
    try {
      const { client, facts } = await opened;
      const query: Query = async (text, values) =>
        lastRows(await (values === undefined ? client.query(text) : client.query(text, [...values])));
      return await work(query, facts);
    } catch (error) {
      // Whatever it left behind (an open transaction, an answer still to come) goes with the connection.
      await this.drop(opened);
      throw error;
    }
  }

  private async open(): Promise<Opened> {
    const client = await this.options.client();
    const lost = new AbortController();
    client.on("error", () => lost.abort());
    client.on("end", () => lost.abort());
    try {
      await client.connect();
      await client.query(SETTINGS);
      const { rows } = await client.query<{ version: string; login: string; database: string }>(
        "SELECT current_setting('server_version_num') AS version, current_user AS login, current_database() AS database",
      );
      const version = Number(rows[0]?.version);
      if (version >= 160_000) await client.query(SELF_GRANT);
      return {
        client,
        lost: lost.signal,
        facts: { version, login: rows[0]?.login ?? "", database: rows[0]?.database ?? "" },
      };
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  private async drop(opened: Promise<Opened>): Promise<void> {
    if (this.opened === opened) this.opened = null;
    const known = await opened.catch(() => null);
    await known?.client.end().catch(() => undefined);
  }
}

interface Opened {
  readonly client: Client;
  /** Aborted when the connection is gone. */
  readonly lost: AbortSignal;
  readonly facts: ServerFacts;
}

/** Several statements at once have several answers. */
function lastRows(
  result: { readonly rows: readonly Row[] } | readonly { readonly rows: readonly Row[] }[],
): readonly Row[] {
  return "rows" in result ? result.rows : (result.at(-1)?.rows ?? []);
}

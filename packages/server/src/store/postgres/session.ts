import { AppError } from "@countersign/core";
import pg, { TypeOverrides } from "pg";
import type { Address, Host } from "./address.ts";

/** Schema of all tables. */
export const SCHEMA = "countersign";
const CONNECT_MS = 3000;
const OLDEST_VERSION = 150_000;
/** A client that stands still with a transaction open must not hold the others up for long. */
const IDLE_IN_TRANSACTION_MS = 2000;
/** Longer than the above, so that the wait for another server's turn ends with a turn and not with a refusal. */
const LOCK_MS = 5000;

export interface Limits {
  /** How long an answer may take; then the connection is given up, and what was asked is unknown. */
  readonly answerMs: number;
  /** How long the server works at one statement; 0: as long as it takes. */
  readonly statementMs: number;
}

/** What a session found when it was opened. */
export interface Found {
  readonly isRecovering: boolean;
  /** Timeline of a primary; 0 while it recovers. */
  readonly timeline: number;
}
interface Hello {
  readonly version: number;
  readonly encoding: string;
  readonly recovering: boolean;
  readonly wal: string | null;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly standbys: string;
}

/** Text that numbers the timeline in a name of a WAL file: eight hexadecimal digits at its begin. Its control file lags behind a promotion. */
export const WAL_NAME = "pg_walfile_name(pg_current_wal_lsn())";
export function timelineOf(walName: string): number {
  return Number.parseInt(walName.slice(0, 8), 16);
}

const HELLO = `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
  pg_is_in_recovery() AS recovering, CASE WHEN pg_is_in_recovery() THEN NULL ELSE ${WAL_NAME} END AS wal,
  current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
  current_setting('synchronous_commit') AS synchronous_commit, current_setting('synchronous_standby_names') AS standbys`;

const INT8 = 20;
const types = new TypeOverrides();
types.setTypeParser(INT8, Number);

const names = new Map<string, string>();
/** A name for a statement, so that the server parses it once a session. */
function nameOf(text: string): string {
  const known = names.get(text) ?? `s${String(names.size)}`;
  names.set(text, known);
  return known;
}

export type Row = Readonly<Record<string, unknown>>;

/**
 * One connection. Statements are sent as they are asked, without waiting for the answers of those before (they run in that order, each a
 * transaction of its own unless one is begun). When an answer fails to come, the connection ends and all that wait are refused.
 */
export class Session {
  readonly found: Found;
  readonly ended: Promise<void>;
  isOpen = true;
  /** Statements without an answer. */
  waiting = 0;
  /**
   * Warnings that the server sent. One of them says that a commit was not awaited by the standby: what was under way when one came must not be
   * called done.
   */
  warnings = 0;
  private readonly client: pg.Client;

  private constructor(client: pg.Client, found: Found) {
    this.client = client;
    this.found = found;
    client.on("notice", () => {
      this.warnings += 1;
    });
    this.ended = new Promise((resolve) => {
      client.once("end", () => {
        this.isOpen = false;
        resolve();
      });
    });
  }

  /** @throws AppError `config.invalid` for a server that does not keep what it acknowledges; errors of `pg` */
  static async open(address: Address, { host, port }: Host, limits: Limits): Promise<Session> {
    const client = new pg.Client({
      host,
      port,
      user: address.user,
      password: address.password,
      database: address.database,
      application_name: address.applicationName,
      ssl: address.tls(host),
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: limits.answerMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5000,
      pipeline: true,
      types,
    });
    // Every statement that waits is refused with the same error.
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query(
        `SET search_path = ${SCHEMA}, pg_temp; SET client_min_messages = warning; SET standard_conforming_strings = on; ` +
          `SET statement_timeout = ${String(limits.statementMs)}; SET lock_timeout = ${String(LOCK_MS)}; ` +
          `SET idle_in_transaction_session_timeout = ${String(IDLE_IN_TRANSACTION_MS)}`,
      );
      const { rows } = await client.query<Hello>(HELLO);
      return new Session(client, foundBy(rows[0] as Hello));
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }

  async rows<R = Row>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    return (await this.run(text, values)).rows as readonly R[];
  }

  /** Number of rows that a statement changed, and what it was. */
  async run(text: string, values: readonly unknown[] = []): Promise<pg.QueryResult> {
    this.waiting += 1;
    try {
      return await this.client.query({ name: nameOf(text), text, values: values as unknown[] });
    } finally {
      this.waiting -= 1;
    }
  }

  /** Statements without values, in one message. */
  async script(text: string): Promise<void> {
    await this.client.query(text);
  }

  onNotification(listener: (payload: string) => void): void {
    this.client.on("notification", ({ payload }) => listener(payload ?? ""));
  }

  /** Lets what is under way finish. */
  async close(): Promise<void> {
    if (this.isOpen) await this.client.end();
  }

  /** As {@link close}, for whoever does not wait for it. */
  leave(): void {
    this.close().catch(() => undefined);
  }

  onEnd(listener: () => void): void {
    this.client.once("end", listener);
  }

  /** Ends at once; what waits is refused. */
  destroy(): void {
    this.isOpen = false;
    (
      this.client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
    ).connection.stream.destroy();
  }
}

function foundBy(hello: Hello): Found {
  if (hello.version < OLDEST_VERSION) throw unfit("is older than PostgreSQL 15");
  if (hello.encoding !== "UTF8") throw unfit(`has the encoding ${hello.encoding}; make one with UTF8`);
  if (hello.fsync !== "on") throw unfit("loses what it acknowledged: set `fsync = on`");
  if (hello.full_page_writes !== "on") throw unfit("may be damaged by a power cut: set `full_page_writes = on`");
  const level = hello.synchronous_commit;
  if (level === "off") throw unfit("loses what it acknowledged: set `synchronous_commit = on`");
  if (hello.standbys !== "" && level !== "on" && level !== "remote_apply")
    throw unfit(`does not wait for its standby: set \`synchronous_commit = on\` instead of ${level}`);
  return { isRecovering: hello.recovering, timeline: hello.wal === null ? 0 : timelineOf(hello.wal) };
}

function unfit(what: string): AppError {
  return new AppError("config.invalid", { detail: `the database ${what}` });
}

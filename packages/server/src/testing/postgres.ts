import { setTimeout as delay } from "node:timers/promises";
import type { PostgresFiles } from "./postgres-files.ts";
import { PASSWORD, PostgresProcess, USER } from "./postgres-process.ts";

/** A real PostgreSQL for tests, with every write as durable as in production. */
export interface Postgres {
  readonly port: number;
  /** Address of the database of that name, which is made empty when it is first asked for. */
  url(name: string): Promise<string>;
  /** Runs statements as its superuser, for tests that look or tamper. */
  query(text: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends it in order if it runs, then starts it on the same data and port. */
  restart(): Promise<void>;
  /** Ends all its processes at once; {@link restart} brings it back. */
  kill9(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** A primary that commits only what its standby has on disk too. */
export interface PostgresPair {
  readonly primary: Postgres;
  readonly standby: Postgres;
  /** Address of both, as a client with failover takes it. */
  url(name: string): Promise<string>;
  /** Makes the standby a primary that commits alone; the former one, if it still runs, is not told. */
  promote(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one; about two seconds. `settings`: lines of its configuration; `files`: of another version than the one that comes with the tests. */
export async function startPostgres(settings: readonly string[] = [], files?: PostgresFiles): Promise<Postgres> {
  const made = await PostgresProcess.make(settings, files);
  await made.start();
  return instance(made);
}

/** Starts a primary and its synchronous standby. */
export async function startPostgresPair(): Promise<PostgresPair> {
  const first = await PostgresProcess.make(["wal_level = replica", "hot_standby = on"]);
  const from = `host=127.0.0.1 port=${String(first.port)} user=${USER} password=${PASSWORD} application_name=standby`;
  const second = await first.copy([`primary_conninfo = '${from}'`]);
  second.write("standby.signal", "");
  await first.start();
  await second.start();
  first.configure(["synchronous_standby_names = 'standby'"]);
  first.reload();
  await follows(first);
  const [primary, standby] = [instance(first), instance(second)];
  return {
    primary,
    standby,
    async url(name) {
      await primary.url(name);
      const hosts = [first, second].map(({ port }) => `127.0.0.1:${String(port)}`).join(",");
      return `postgres://${USER}:${PASSWORD}@${hosts}/${name}?target_session_attrs=read-write`;
    },
    async promote() {
      await second.query("SELECT pg_promote(true, 30)");
    },
    async stop() {
      await Promise.all([first.remove(), second.remove()]);
    },
  };
}

function instance(made: PostgresProcess): Postgres {
  const known = new Map<string, Promise<unknown>>();
  return {
    port: made.port,
    async url(name) {
      const ready = known.get(name) ?? made.query(`CREATE DATABASE "${name.replaceAll('"', '""')}"`);
      known.set(name, ready);
      await ready;
      return `postgres://${USER}:${PASSWORD}@127.0.0.1:${String(made.port)}/${encodeURIComponent(name)}`;
    },
    query: (text, database) => made.query(text, database),
    async restart() {
      await made.stop();
      await made.start();
    },
    kill9: () => made.kill9(),
    stop: () => made.remove(),
  };
}

async function follows(primary: PostgresProcess): Promise<void> {
  for (;;) {
    const rows = await primary.query("SELECT sync_state FROM pg_stat_replication");
    if (rows.some(({ sync_state: state }) => state === "sync")) return;
    await delay(50);
  }
}

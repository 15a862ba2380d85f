import type { PointId, TaskId, UpstreamRecord } from "@countersign/core";
import type { Client } from "pg";
import { type GatewayLog, type GatewayPoint, resolveSecret } from "../mcp/index.ts";
import { TaskRows } from "./ceilings.ts";
import { type CatalogueConnection, PostgresCatalogue } from "./catalogue/index.ts";
import type { GuardedDatabase } from "./guarded-database.ts";
import { CachedJudge, loadParser } from "./judge/index.ts";
import { ownClient, tlsOf } from "./own-client.ts";
import { Previews, openSession } from "./preview/index.ts";
import { openTaskRoles } from "./roles/open-task-roles.ts";
import { serverAddress } from "./upstream/index.ts";

export interface OpenDatabaseOptions {
  readonly point: GatewayPoint & { readonly id: PointId };
  readonly log: GatewayLog;
  /** Where secrets named `fromEnv` are found. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const APPLICATION = "countersign gateway";
const QUERY_MS = 10_000;

/** Opens what stands behind an upstream: its roles, its catalogue, and the judge of its statements. @throws AppError `config.invalid` */
export async function openDatabase(
  record: UpstreamRecord<"postgres">,
  { point, log, environment }: OpenDatabaseOptions,
): Promise<GuardedDatabase> {
  const { id: upstream, terms } = record;
  const address = serverAddress(terms);
  await loadParser();
  const client = async (): Promise<Client> => {
    const sources = { environment, stored: async (name: string) => await point.secret(name) };
    const secret = terms.password === null ? null : await resolveSecret(terms.password, sources);
    if (secret?.ok === false) throw new Error(secret.reason);
    return ownClient(terms, secret?.value ?? null, { application: APPLICATION, queryMs: QUERY_MS });
  };
  const { random } = point;
  const roles = openTaskRoles({ upstream, terms, client, point: point.id, now: () => point.now(), random, log });
  const connection = new OwnConnection(client);
  const catalogue = new PostgresCatalogue(connection, { now: () => performance.now() });
  const judge = new CachedJudge();
  const previews = new Previews({ point, monotonicMs: () => performance.now() });
  const { host, port, database } = address;
  const rows = new Map<TaskId, TaskRows>();
  point.onTaskEnd((task) => void rows.delete(task));
  return {
    address,
    roles,
    preview: async (held, signal) => await previews.preview(held, signal),
    rowsOf: (task) => {
      const own = rows.get(task) ?? new TaskRows();
      rows.set(task, own);
      return own;
    },
    openAs: async ({ user, password }) =>
      await openSession({ host, port, database, user, password, tls: tlsOf(terms) ?? false }),
    judge: (sql, session) => {
      const fresh = catalogue.fresh();
      if (fresh !== null) return judge.judge(sql, session, fresh);
      return catalogue.current().then((current) => judge.judge(sql, session, current));
    },
    moved: () => {
      catalogue.moved();
      roles.refresh().catch((error: unknown) => log.error({ err: error, upstream }, "roles of tasks not refreshed"));
    },
    close: async () => {
      await roles.close();
      await connection.close();
    },
  };
}

/** A connection that is opened when it is needed, and anew when it broke. */
class OwnConnection implements CatalogueConnection {
  readonly #make: () => Promise<Client>;
  #client: Promise<Client> | null = null;

  constructor(make: () => Promise<Client>) {
    this.#make = make;
  }

  async query(text: string, values?: readonly unknown[]): ReturnType<CatalogueConnection["query"]> {
    const opening = (this.#client ??= this.#open());
    try {
      const client = await opening;
      const result = await (values === undefined ? client.query(text) : client.query(text, [...values]));
      // Several statements at once have several answers.
      const last = Array.isArray(result) ? (result as readonly (typeof result)[]).at(-1) : result;
      return { rows: (last?.rows ?? []) as Record<string, unknown>[] };
    } catch (error) {
      // What is left behind (an open transaction, an answer still to come) goes with the connection.
      if (this.#client === opening) await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const opening = this.#client;
    this.#client = null;
    const client = await opening?.catch(() => null);
    await client?.end().catch(() => undefined);
  }

  async #open(): Promise<Client> {
    const client = await this.#make();
    // What is lost is told by the query that finds it lost.
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { libpqEnvironment } from "../../e2e/support/libpq.ts";
import { Person } from "../../e2e/support/person.ts";
import { Workstation } from "../../e2e/support/workstation.ts";
import { type Postgres, startPostgres } from "../../packages/server/src/testing/index.ts";
import { type ReadyChild, startChild } from "../child.ts";
import { runPgbench } from "./pgbench.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/countersign", import.meta.url));
const PASSWORD = "own-login-for-measurements";
const DATABASE = "billing";

/** What a client of libpq needs in its environment. */
export type Way = Readonly<Record<string, string>>;

/** A PostgreSQL with the tables of pgbench, and three ways to it: directly, through a bare proxy, through the gateway. */
export interface GuardedDatabase {
  readonly ways: { readonly direct: Way; readonly proxy: Way; readonly governed: Way };
  /** Process of the gateway. */
  readonly pid: number;
  close(): Promise<void>;
}

export async function startGuardedDatabase(folder: string): Promise<GuardedDatabase> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    const postgres = await startPostgres();
    closers.push(async () => await postgres.stop());
    const direct = await prepared(postgres, folder);
    const proxy: ReadyChild<{ port: number }> = await startChild([
      process.execPath,
      fileURLToPath(new URL("byte-proxy.ts", import.meta.url)),
      String(postgres.port),
    ]);
    closers.push(async () => await proxy.end());
    const up = await startUp(folder, postgres);
    closers.push(async () => await up.end());
    const governed = await openWay(folder, up.ready);
    return { ways: { direct, proxy: { ...direct, PGPORT: String(proxy.ready.port) }, governed }, pid: up.pid, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function prepared(postgres: Postgres, folder: string): Promise<Way> {
  const url = new URL(await postgres.url(DATABASE));
  const way = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    PGHOST: "127.0.0.1",
    PGPORT: url.port,
    PGDATABASE: DATABASE,
    PGUSER: url.username,
    PGPASSWORD: url.password,
    PGSSLMODE: "disable",
  };
  await runPgbench(way, ["-i", "-q", "-s", "1"]);
  await postgres.query(`CREATE ROLE countersign_gateway LOGIN CREATEROLE PASSWORD '${PASSWORD}'`);
  await postgres.query(
    `GRANT CONNECT ON DATABASE ${DATABASE} TO countersign_gateway WITH GRANT OPTION;
     GRANT USAGE ON SCHEMA public TO countersign_gateway WITH GRANT OPTION;
     GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO countersign_gateway WITH GRANT OPTION`,
    DATABASE,
  );
  return way;
}

interface UpReady {
  readonly api: string;
  readonly setupUrl: string;
  readonly postgres: string;
}

async function startUp(folder: string, postgres: Postgres): Promise<ReadyChild<UpReady>> {
  await writeFile(join(folder, "password"), PASSWORD);
  const config = join(folder, "countersign.yaml");
  const upstream = {
    kind: "postgres",
    url: `postgres://127.0.0.1:${String(postgres.port)}/${DATABASE}`,
    password: { fromFile: join(folder, "password") },
    tls: "disable",
  };
  const listen = { api: "127.0.0.1:0", gateway: "127.0.0.1:0", postgres: "127.0.0.1:0" };
  await writeFile(config, JSON.stringify({ listen, upstreams: { [DATABASE]: upstream } }));
  return await startChild([LAUNCHER, "up", "--json", "--data", join(folder, "data"), "--config", config], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder },
  });
}

/** A person, an agent, a task; and its certificate in files, as any client of libpq takes it. */
async function openWay(folder: string, { api, setupUrl, postgres }: UpReady): Promise<Way> {
  const person = new Person(api);
  await person.register(setupUrl, "Bench Person");
  const { approvalId } = await person.json<{ approvalId: string }>("/v1/agents", {
    name: "bencher",
    owner: "me",
    purpose: "measure",
    grants: [{ action: `sql:${DATABASE}/*`, resource: `sql:${DATABASE}/public.*` }],
    expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
  });
  await person.answer(approvalId);
  const laptop = new Workstation(api);
  await laptop.signIn(person);
  const task = await laptop.openTask("bencher");
  return await libpqEnvironment(folder, { laptop, task }, { api, postgres, database: DATABASE });
}

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Grant, type PostgresTerms, type TaskId, newId } from "@countersign/core";
import { type TaskRoles, openTaskRoles, ownClient } from "@countersign/gateway";
import { type Postgres, type PostgresFiles, startPostgres, systemPostgres } from "@countersign/server/testing";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PASSWORD = "gateway's own: only for tests";
const GUIDE = new URL("../docs/operate/postgres-gateway.md", import.meta.url);
const LOGGED = [
  "logging_collector = on",
  "log_directory = 'log'",
  "log_statement = 'all'",
  "log_min_messages = debug1",
];
const READ: Grant = { action: "sql:billing/read", resource: "sql:billing/public.people" };
const ALL: Grant = { action: "sql:billing/*", resource: "sql:billing/public.*" };
const LATER = new Date(Date.now() + 3_600_000).toISOString();
const quiet = { debug: () => undefined, warn: () => undefined, error: () => undefined };
const random = (length: number): Buffer => randomBytes(length);

/** The statements of the guide, with what its reader puts in. */
function guide(): string {
  const [, sql = ""] = /```sql\n([^]*?)```/.exec(readFileSync(GUIDE, "utf8")) ?? [];
  return sql.replace("'<password>'", `'${PASSWORD.replaceAll("'", "''")}'`);
}

const versions: readonly (readonly [string, PostgresFiles | null | undefined])[] = [
  ["that comes with the tests", undefined],
  ["15 of the system", systemPostgres(15)],
];

describe.each(versions)("roles of tasks at PostgreSQL %s", (_, files) => {
  let postgres: Postgres;
  let terms: PostgresTerms;
  let log: object[] = [];

  beforeAll(async () => {
    if (files === null) return;
    postgres = await startPostgres(LOGGED, files);
    await postgres.url("billing");
    await postgres.query(
      `CREATE ROLE app_owner NOLOGIN; GRANT CREATE, USAGE ON SCHEMA public TO app_owner; SET ROLE app_owner;
       CREATE TABLE people (id serial PRIMARY KEY, name text); CREATE TABLE "odd ""%' name" (a int)`,
      "billing",
    );
    await postgres.query(
      "CREATE SCHEMA secret; CREATE TABLE secret.keys (k text); CREATE TABLE public.others (a int)",
      "billing",
    );
    await postgres.query(guide(), "billing");
    await postgres.query("CREATE SCHEMA archive; GRANT USAGE ON SCHEMA archive TO countersign_gateway", "billing");
    terms = {
      kind: "postgres",
      url: `postgres://127.0.0.1:${String(postgres.port)}/billing`,
      password: null,
      tls: "disable",
      critical: [],
      masking: {},
      recording: "durable",
      limits: { statementMs: 4000 },
    };
  }, 60_000);
  afterAll(async () => await postgres?.stop());

  function roles(point = "ep_1", password = PASSWORD): TaskRoles {
    const client = async (): Promise<Client> =>
      await Promise.resolve(ownClient(terms, password, { application: "countersign", queryMs: 15_000 }));
    const warn = (fields: object): void => void log.push(fields);
    return openTaskRoles({ upstream: "billing", terms, client, point, now: Date.now, random, log: { ...quiet, warn } });
  }
  const task = (): TaskId => newId("tsk", Date.now(), random);
  const asked = (
    id: TaskId,
    grants: readonly Grant[] = [READ],
    more: object = {},
  ): Parameters<TaskRoles["acquire"]>[0] => ({
    task: id,
    chain: { human: null, device: null, agent: null, task: id },
    grants: [grants, [ALL]],
    expiresAt: LATER,
    limits: {},
    ...more,
  });
  async function login(of: TaskRoles, id: TaskId, grants?: readonly Grant[]): Promise<Client & { login: string }> {
    const acquired = await of.acquire(asked(id, grants));
    if (!acquired.ok) throw new Error(`${acquired.reason} ${JSON.stringify(log)}`);
    const { user, password } = acquired.login;
    const client = new Client({ host: "127.0.0.1", port: postgres.port, database: "billing", user, password });
    client.on("error", () => undefined);
    await client.connect();
    return Object.assign(client, { login: user });
  }
  const rolesLike = async (prefix: string): Promise<readonly unknown[]> =>
    (await postgres.query(`SELECT rolname FROM pg_roles WHERE rolname LIKE '${prefix}\\_%'`)).map(
      ({ rolname }) => rolname,
    );

  it.skipIf(files === null)(
    "give a task what its grants mean, and nothing else",
    async () => {
      log = [];
      const here = roles();
      const id = task();
      const reader = await login(here, id);
      await reader.query("SELECT * FROM people");
      await expect(reader.query("INSERT INTO people (name) VALUES ('a')")).rejects.toMatchObject({ code: "42501" });
      await expect(reader.query('SELECT * FROM "odd ""%\' name"')).rejects.toMatchObject({ code: "42501" });
      await expect(reader.query("SELECT * FROM secret.keys")).rejects.toMatchObject({ code: "42501" });
      await expect(reader.query("CREATE TABLE mine (a int)")).rejects.toMatchObject({ code: "42501" });
      await expect(reader.query("CREATE ROLE other")).rejects.toMatchObject({ code: "42501" });
      const [facts] = await postgres.query(
        `SELECT rolconfig @> '{statement_timeout=4000}' AS timed, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS more, rolconnlimit, rolvaliduntil > now() AS ends
         FROM pg_roles WHERE rolname = '${reader.login}'`,
      );
      expect(facts).toEqual({ timed: true, more: false, rolconnlimit: 20, ends: true });
      await reader.end();
      expect(await here.end(id)).toEqual({ confirmed: true, terminated: 0, reason: null });
      expect(await rolesLike("cst")).toEqual([]);
      await here.close();
      expect(log).toEqual([]);
    },
    60_000,
  );

  it.skipIf(files === null)(
    "let a task that may write and destroy do so, sequences and odd names included",
    async () => {
      const here = roles();
      const id = task();
      const writer = await login(here, id, [ALL]);
      await writer.query(
        "INSERT INTO people (name) VALUES ('a'); UPDATE people SET name = 'b'; DELETE FROM people; TRUNCATE people",
      );
      await writer.query('INSERT INTO "odd ""%\' name" VALUES (1)');
      await expect(writer.query("DROP TABLE people")).rejects.toMatchObject({ code: "42501" });
      await expect(writer.query("ALTER TABLE people ADD x int")).rejects.toMatchObject({ code: "42501" });
      await writer.end();
      await here.close();
    },
    60_000,
  );

  it.skipIf(files === null)(
    "are one role of grants for all tasks with the same grants, without a change of rights for the next one",
    async () => {
      const here = roles();
      const [first, second] = [task(), task()];
      await (await login(here, first)).end();
      const before = await postgres.query(
        "SELECT relacl::text AS acl, xmin::text AS at FROM pg_class WHERE relname = 'people'",
        "billing",
      );
      const roleCount = (await rolesLike("csg")).length;
      await (await login(here, second)).end();
      expect(
        await postgres.query(
          "SELECT relacl::text AS acl, xmin::text AS at FROM pg_class WHERE relname = 'people'",
          "billing",
        ),
      ).toEqual(before);
      expect(await rolesLike("csg")).toHaveLength(roleCount);
      await here.close();
    },
    60_000,
  );

  it.skipIf(files === null)(
    "follow relations that are made later",
    async () => {
      const here = roles();
      const id = task();
      const reader = await login(here, id, [{ action: "sql:billing/read", resource: "sql:billing/public.*" }]);
      await postgres.query("SET ROLE app_owner; CREATE TABLE IF NOT EXISTS later (a int)", "billing");
      await expect(reader.query("SELECT * FROM later")).rejects.toMatchObject({ code: "42501" });
      await here.refresh();
      await reader.query("SELECT * FROM later");
      await postgres.query(
        "ALTER TABLE later RENAME TO secret_later; ALTER TABLE secret_later SET SCHEMA archive",
        "billing",
      );
      await here.refresh();
      const [left] = await postgres.query(
        "SELECT relacl::text AS acl FROM pg_class WHERE relname = 'secret_later'",
        "billing",
      );
      expect(String(left?.["acl"])).not.toContain("csg_");
      await postgres.query("DROP TABLE archive.secret_later", "billing");
      await reader.end();
      await here.close();
    },
    60_000,
  );

  it.skipIf(files === null)(
    "end in the middle of a query: it is gone, rolled back, and the login with it",
    async () => {
      const here = roles();
      const id = task();
      const writer = await login(here, id, [ALL]);
      const others = await Promise.all([login(here, id), login(here, id)]);
      await writer.query("BEGIN; INSERT INTO people (name) VALUES ('never')");
      const sleeping = writer.query("SELECT pg_sleep(60)").catch((error: unknown) => error);
      await expect
        .poll(
          async () =>
            await postgres.query(
              "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()",
            ),
        )
        .toHaveLength(1);
      expect(await here.end(id)).toEqual({ confirmed: true, terminated: 3, reason: null });
      expect(await sleeping).toMatchObject({ code: "57P01" });
      expect(await postgres.query("SELECT FROM people WHERE name = 'never'", "billing")).toEqual([]);
      expect(await postgres.query(`SELECT FROM pg_roles WHERE rolname = '${writer.login}'`)).toEqual([]);
      expect(await here.acquire(asked(id))).toMatchObject({ ok: false, code: "task.ended" });
      await Promise.all(others.map(async (client) => await client.end().catch(() => undefined)));
      await here.close();
    },
    60_000,
  );

  it.skipIf(files === null)(
    "give away what a task made",
    async () => {
      const here = roles();
      const id = task();
      await postgres.query("GRANT CREATE ON SCHEMA public TO PUBLIC", "billing");
      const maker = await login(here, id, [ALL]);
      await maker.query(
        "CREATE TABLE made (a int); INSERT INTO made VALUES (7); CREATE FUNCTION seven() RETURNS int LANGUAGE sql AS 'SELECT 7'",
      );
      await maker.query("CREATE TEMP TABLE short (a int); SELECT lo_create(4242)");
      const ended = await here.end(id);
      expect({ ...ended, log }).toMatchObject({ confirmed: true, terminated: 1, log: [] });
      await postgres.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC", "billing");
      const owners = await postgres.query(
        "SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relname = 'made' UNION SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'seven'",
        "billing",
      );
      expect(owners).toEqual([{ owner: expect.stringMatching(/^cso_/) as string }]);
      expect(await postgres.query("SELECT a FROM made", "billing")).toEqual([{ a: 7 }]);
      await postgres.query("DROP TABLE made; DROP FUNCTION seven; SELECT lo_unlink(4242)", "billing");
      await here.close();
    },
    60_000,
  );

  it.skipIf(files === null)(
    "stay without a login while others hold on to them, and go after that",
    async () => {
      const here = roles();
      const id = task();
      const reader = await login(here, id);
      await postgres.query(`GRANT SELECT ON secret.keys TO "${reader.login}"`, "billing");
      expect(await here.end(id)).toMatchObject({
        confirmed: true,
        terminated: 1,
        reason: expect.stringContaining("2BP01") as string,
      });
      const [row] = await postgres.query(`SELECT rolcanlogin FROM pg_roles WHERE rolname = '${reader.login}'`);
      expect(row).toEqual({ rolcanlogin: false });
      expect(await here.sweep()).toEqual({ ended: 0, left: 1 });
      await postgres.query(`REVOKE SELECT ON secret.keys FROM "${reader.login}"`, "billing");
      expect(await here.sweep()).toEqual({ ended: 1, left: 0 });
      await here.close();
    },
    60_000,
  );

  it.skipIf(files === null)(
    "are swept when a process left them, its own at once, others' after their time",
    async () => {
      const [dead, stranger] = [roles("ep_1"), roles("ep_2")];
      const [mine, theirs, past] = [task(), task(), task()];
      const left = await login(dead, mine);
      await login(stranger, theirs);
      const over = await login(stranger, past);
      await postgres.query(`ALTER ROLE "${over.login}" VALID UNTIL '2026-01-01'; CREATE ROLE cst_not_ours`);
      const next = roles("ep_1");
      const live = await login(next, task());
      expect((await next.sweep()).left).toBe(0);
      const names = await rolesLike("cst");
      expect(names).not.toContain(left.login);
      expect(names).not.toContain(over.login);
      expect(names).toContain(live.login);
      expect(names).toContain("cst_not_ours");
      expect(names).toHaveLength(3);
      await live.query("SELECT 1");
      await expect(left.query("SELECT 1")).rejects.toThrow(/queryable|terminat/);
      await postgres.query("DROP ROLE cst_not_ours");
      await Promise.all([next.close(), stranger.close(), dead.close()]);
      expect(await rolesLike("cst")).toEqual([]);
    },
    60_000,
  );

  it.skipIf(files === null)(
    "are refused without a way to the database, and come when there is one",
    async () => {
      const here = roles("ep_1", "wrong");
      expect(await here.acquire(asked(task()))).toMatchObject({ ok: false, code: "upstream.down" });
      await here.close();
      const again = roles();
      const id = task();
      const one = await login(again, id);
      await postgres.restart();
      const other = await login(again, task());
      await other.query("SELECT * FROM people");
      expect(await again.end(id)).toMatchObject({ confirmed: true });
      await one.end().catch(() => undefined);
      await again.close();
    },
    60_000,
  );

  it.skipIf(files === null)(
    "refuse a role that somebody prepared under the name of one of ours",
    async () => {
      const here = roles();
      const id = task();
      await (await login(here, id)).end();
      const [name] = await rolesLike("csg");
      await here.close();
      await postgres.query(`CREATE ROLE powerful; GRANT powerful TO ${String(name)}`);
      const there = roles();
      const all = await Promise.all(
        [[READ], [ALL], [{ ...ALL, action: "sql:billing/read" }]].map(
          async (grants) => await there.acquire(asked(task(), grants)),
        ),
      );
      expect(all.filter(({ ok }) => !ok)).toHaveLength(1);
      await postgres.query("DROP ROLE powerful");
      await there.close();
    },
    60_000,
  );

  it.skipIf(files === null)(
    "leave no password and no other secret in the server's log",
    async () => {
      const here = roles();
      const acquired = await here.acquire(asked(task()));
      if (!acquired.ok) throw new Error(acquired.reason);
      await here.close();
      const rows = await postgres.query("SELECT pg_read_file('log/' || name) AS text FROM pg_ls_logdir()");
      const text = rows.map((row) => String(row["text"])).join("\n");
      expect(text).toContain("SCRAM-SHA-256$4096:");
      expect(text).toContain(acquired.login.user);
      expect(text).not.toContain(acquired.login.password);
    },
    60_000,
  );
});

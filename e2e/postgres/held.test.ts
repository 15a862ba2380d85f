import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation } from "../support/installation.ts";
import type { Person } from "../support/person.ts";
import type { TaskClient, Workstation } from "../support/workstation.ts";
import { hasProgram } from "../support/certificate.ts";

const PASSWORD = "own-login-for-tests";

describe.skipIf(!hasProgram("psql", "--version"))("a held statement (psql)", () => {
  let postgres: Postgres;
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  let folder: string;
  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.url("billing");
    await postgres.query(`CREATE ROLE countersign_gateway LOGIN CREATEROLE PASSWORD '${PASSWORD}'`);
    await postgres.query(
      `CREATE TABLE executives (id int PRIMARY KEY, name text);
       INSERT INTO executives SELECT n, 'executive ' || n FROM generate_series(1, 1200) n;
       CREATE TABLE people (id int PRIMARY KEY, name text, ssn text);
       INSERT INTO people VALUES (1, 'Ada', '078-05-1120');
       CREATE TABLE trail (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), what text);
       CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN INSERT INTO public.trail (what) VALUES (TG_OP); RETURN NULL; END $$;
       CREATE TRIGGER noted AFTER DELETE ON executives FOR EACH ROW EXECUTE FUNCTION noted();
       GRANT CONNECT ON DATABASE billing TO countersign_gateway WITH GRANT OPTION;
       GRANT USAGE ON SCHEMA public TO countersign_gateway WITH GRANT OPTION;
       GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO countersign_gateway WITH GRANT OPTION`,
      "billing",
    );
    folder = await mkdtemp(join(tmpdir(), "countersign-product-"));
    await writeFile(join(folder, "password"), PASSWORD);
    const billing = {
      kind: "postgres",
      url: `postgres://127.0.0.1:${String(postgres.port)}/billing`,
      password: { fromFile: join(folder, "password") },
      tls: "disable",
      masking: { "public.people.ssn": "null" },
    };
    here = await Installation.create({
      beside: { billing },
      config: { listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0", postgres: "127.0.0.1:0" } },
    });
    ({ alice, laptop } = await here.people());
    await here.agent(alice, {
      grants: [
        { action: "mcp:files/*", resource: "**" },
        {
          action: "sql:billing/*",
          resource: "sql:billing/public.*",
          limits: { rowsRead: 5000, rowsPerStatement: 2500, rowsPerTask: 4000 },
        },
      ],
    });
  });
  afterAll(async () => {
    await here.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  interface Said {
    readonly code: number;
    readonly out: string;
    readonly err: string;
  }
  const environments = new Map<string, Record<string, string>>();
  async function environment(task: TaskClient): Promise<Record<string, string>> {
    const known = environments.get(task.id);
    if (known !== undefined) return known;
    const answer = await laptop.fetch(`/v1/tasks/${task.id}/token`, { keyProof: task.proof(here.composed.api) });
    const { svid, trustBundle } = (await answer.json()) as { svid: string; trustBundle: string };
    const at = (name: string): string => join(folder, `${task.id}-${name}`);
    await writeFile(at("ca.pem"), trustBundle);
    await writeFile(at("task.pem"), svid);
    const key = task.key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    await writeFile(at("task.key"), key, { mode: 0o600 });
    const [host = "", port = ""] = (here.composed.postgres() ?? "").split(":");
    const made = {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      PGHOST: host,
      PGPORT: port,
      PGDATABASE: "billing",
      PGUSER: "me",
      PGSSLMODE: "verify-ca",
      PGSSLROOTCERT: at("ca.pem"),
      PGSSLCERT: at("task.pem"),
      PGSSLKEY: at("task.key"),
    };
    environments.set(task.id, made);
    return made;
  }
  async function psql(task: TaskClient, ...commands: readonly string[]): Promise<Said> {
    const env = await environment(task);
    const args = ["-XAt", "-v", "VERBOSITY=verbose", ...commands.flatMap((command) => ["-c", command])];
    return await new Promise((resolve) => {
      execFile("psql", args, { env, timeout: 60_000 }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 255), out, err }),
      );
    });
  }

  interface Shown {
    readonly display: { readonly preview?: { readonly sentence: string; readonly relations: readonly Effect[] } };
  }
  interface Effect {
    readonly relation: string;
    readonly effect: string;
    readonly filledAtCommit: string;
  }
  const held = async (task: TaskClient, statement: string): Promise<string> => {
    const { err } = await psql(task, statement);
    expect(err).toContain("CS001");
    expect(err).not.toMatch(/executive \d|rows deleted|"count"/);
    return /apr_\w+/.exec(err)?.[0] ?? "";
  };
  const shown = async (approval: string): Promise<readonly (readonly [string, string, string])[]> => {
    const { display } = await alice.json<Shown>(`/v1/approvals/${approval}`);
    return (display.preview?.relations ?? []).map(({ relation, effect, filledAtCommit }) => [
      relation,
      effect,
      filledAtCommit,
    ]);
  };
  const count = async (): Promise<unknown> =>
    await postgres.query(
      "SELECT (SELECT count(*)::int FROM executives) AS e, (SELECT count(*)::int FROM trail) AS t",
      "billing",
    );

  it("is shown with all that it would do, and runs as it was signed", async () => {
    const task = await laptop.openTask("coder");
    const approval = await held(task, "DELETE FROM executives");
    expect(await shown(approval)).toEqual([
      ["public.executives", "1,200 rows deleted", ""],
      ["public.trail", "1,200 rows inserted", "id, at"],
    ]);
    expect(await count()).toEqual([{ e: 1200, t: 0 }]);
    const narrow = await held(task, "DELETE FROM executives WHERE id <= 3 RETURNING id");
    await alice.answer(narrow);
    const done = await psql(task, "DELETE FROM executives WHERE id <= 3 RETURNING id", "SELECT 'after'");
    expect(done).toMatchObject({ err: "", out: "1\n2\n3\nDELETE 3\nafter\n" });
    expect(await count()).toEqual([{ e: 1197, t: 3 }]);
  });

  it("is rolled back and held anew when it would do something else by then", async () => {
    const task = await laptop.openTask("coder");
    const statement = "DELETE FROM executives WHERE id BETWEEN 10 AND 12";
    const first = await held(task, statement);
    await alice.answer(first);
    await postgres.query("UPDATE executives SET name = 'somebody else' WHERE id = 11", "billing");
    const second = await held(task, statement);
    expect(second).not.toBe(first);
    expect(await count()).toEqual([{ e: 1197, t: 3 }]);
    await alice.answer(second);
    expect(await psql(task, statement)).toMatchObject({ err: "", out: "DELETE 3\n" });
    expect(await count()).toEqual([{ e: 1194, t: 6 }]);
  });

  it("and any other stays within the ceilings of its grants, what triggers write included", async () => {
    const task = await laptop.openTask("coder");
    const rows = (count: number): string =>
      `INSERT INTO trail (what) SELECT 'x' FROM generate_series(1, ${String(count)})`;
    const before = await count();
    expect((await psql(task, "SELECT * FROM generate_series(1, 6000)")).err).toContain("rowsRead");
    const large = await psql(task, rows(2501), "SELECT 'goes on'");
    expect(large.err).toContain("54000: the ceiling `rowsPerStatement` is 2500: nothing was done");
    expect(large.out).toBe("goes on\n");
    expect((await psql(task, "BEGIN", rows(2501), "COMMIT")).err).toContain("rowsPerStatement");
    expect(await count()).toEqual(before);
    expect(await psql(task, rows(2000), rows(2000))).toMatchObject({ err: "", out: "INSERT 0 2000\nINSERT 0 2000\n" });
    expect((await psql(task, rows(1))).err).toContain("rowsPerTask");
  });

  it("and no other reads a masked column, in whatever way it is named", async () => {
    const task = await laptop.openTask("coder");
    expect(await psql(task, "SELECT id, name FROM people", "SELECT count(*) FROM people")).toMatchObject({
      err: "",
      out: "1|Ada\n1\n",
    });
    for (const statement of [
      "SELECT ssn FROM people",
      "SELECT * FROM people",
      "SELECT length(p.ssn) FROM people p",
      "SELECT id FROM people WHERE ssn LIKE '078%'",
      "SELECT id FROM people ORDER BY ssn",
      "SELECT row_to_json(people) FROM people",
      "UPDATE people SET name = ssn WHERE id = 1",
      "UPDATE people SET name = name WHERE id = 1 RETURNING ssn",
    ]) {
      const { err, out } = await psql(task, statement);
      expect([statement, err, out]).toEqual([statement, expect.stringContaining("42501"), ""]);
    }
    expect(await psql(task, "UPDATE people SET ssn = 'x' WHERE id = 1")).toMatchObject({ err: "", out: "UPDATE 1\n" });
  });
});

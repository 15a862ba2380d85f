import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation } from "../support/installation.ts";
import type { Person } from "../support/person.ts";
import type { TaskClient, Workstation } from "../support/workstation.ts";

const PASSWORD = "own-login-for-tests";

describe("a PostgreSQL that an installation guards", () => {
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
    };
    here = await Installation.create({
      beside: { billing },
      config: { listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0", postgres: "127.0.0.1:0" } },
    });
    ({ alice, laptop } = await here.people());
    await here.agent(alice, {
      grants: [
        { action: "mcp:files/*", resource: "**" },
        { action: "sql:billing/*", resource: "sql:billing/public.*" },
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

  it("says where it listens, and reads and writes for a task as a role of its own", async () => {
    expect(here.composed.postgres()).toMatch(/^127\.0\.0\.1:\d+$/);
    const task = await laptop.openTask("coder");
    const read = await psql(
      task,
      "SELECT count(*) FROM executives",
      "UPDATE executives SET name = 'x' WHERE id = 1",
      "SELECT current_user",
    );
    expect(read.err).toBe("");
    expect(read.out).toMatch(/^1200\nUPDATE 1\ncst_\w+\n$/);
  });

  it("holds a delete, runs it once it is signed, and refuses what never passes", async () => {
    const task = await laptop.openTask("coder");
    const held = await psql(task, "DELETE FROM executives WHERE id = 2");
    expect(held.err).toContain("CS001");
    const approval = /apr_\w+/.exec(held.err)?.[0] ?? "";
    await alice.answer(approval);
    const done = await psql(
      task,
      "DELETE FROM executives WHERE id = 2",
      "SELECT count(*) FROM executives WHERE id = 2",
    );
    expect(done).toMatchObject({ err: "", out: "DELETE 1\n0\n" });
    expect((await psql(task, "SET ROLE postgres")).err).toContain("42501");
  });

  it("says 57P01 to a task that was severed, and rolls back what was open", async () => {
    const task = await laptop.openTask("coder");
    await psql(task, "SELECT 1");
    await alice.json("/v1/brakes", { kind: "sever", scope: { type: "task", value: task.id }, reason: "test" });
    const { err } = await psql(task, "SELECT 1");
    expect(err).toContain("severed");
  });
});

import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandLine } from "./support/command-line.ts";
import { Installation } from "./support/installation.ts";
import type { Person } from "./support/person.ts";
import { hasProgram } from "./support/certificate.ts";

const PASSWORD = "own-login-for-tests";

describe.skipIf(!hasProgram("psql", "--version"))("countersign run, with real programs (psql)", () => {
  let postgres: Postgres;
  let here: Installation;
  let alice: Person;
  let cli: CommandLine;
  let folder = "";

  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.url("billing");
    await postgres.query(`CREATE ROLE countersign_gateway LOGIN CREATEROLE PASSWORD '${PASSWORD}'`);
    await postgres.query(
      `CREATE TABLE executives (id int PRIMARY KEY, name text);
       INSERT INTO executives SELECT n, 'executive ' || n FROM generate_series(1, 1200) n;
       GRANT CONNECT ON DATABASE billing TO countersign_gateway WITH GRANT OPTION;
       GRANT USAGE ON SCHEMA public TO countersign_gateway WITH GRANT OPTION;
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO countersign_gateway WITH GRANT OPTION`,
      "billing",
    );
    folder = await mkdtemp(join(tmpdir(), "countersign-run-e2e-"));
    await writeFile(join(folder, "password"), PASSWORD);
    const url = `postgres://127.0.0.1:${String(postgres.port)}/billing`;
    const password = { fromFile: join(folder, "password") };
    here = await Installation.create({
      beside: { billing: { kind: "postgres", url, password, tls: "disable" } },
      config: { listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0", postgres: "127.0.0.1:0" } },
    });
    ({ alice } = await here.people());
    await here.agent(alice, { grants: [{ action: "sql:billing/*", resource: "sql:billing/public.*" }] });
    cli = new CommandLine(folder, { COUNTERSIGN_SERVER: here.composed.api, TMPDIR: folder });
    const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
    await alice.answer(approvalId);
  }, 120_000);
  afterAll(async () => {
    await here.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const AS = ["run", "--agent", "coder", "--purpose", "look at the figures"];
  const psql = (...more: readonly string[]): string[] => ["--", "psql", "-XAtq", ...more];
  const tasks = async (status: string): Promise<readonly { agent: string | null; cause: string | null }[]> =>
    (await alice.json<{ tasks: { agent: string | null; cause: string | null }[] }>(`/v1/tasks?status=${status}`)).tasks;

  it("psql reads through the gateway with nothing but its environment, and the task ends with it", async () => {
    const ran = await cli.run(...AS, ...psql("-c", "SELECT count(*) FROM executives", "-c", "SELECT current_user"));
    const [count, user] = ran.stdout.trim().split("\n");
    expect([ran.code, count]).toEqual([0, "1200"]);
    expect(user).not.toContain("countersign_gateway");
    expect(ran.stderr).toMatch(/^countersign: task tsk_\w+ open until [0-9 :-]+ UTC, billing\n$/);
    expect(await tasks("live")).toEqual([]);
    const both = await cli.run(...AS, "--tcp", ...psql("-c", "SELECT count(*) FROM executives"));
    expect([both.code, both.stdout]).toEqual([0, "1200\n"]);
  });

  it("passes on what the gateway refuses, with the code of the program", async () => {
    const ran = await cli.run(...AS, ...psql("-v", "VERBOSITY=verbose", "-c", "SET ROLE postgres"));
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("42501");
  });

  it("ends a program in the middle of a query when its task is severed, and leaves nothing behind", async () => {
    const started = cli.start([...AS, ...psql("-c", "SELECT pg_sleep(60) FROM executives LIMIT 1")]);
    await started.until("stderr", "UTC, billing");
    const task = /tsk_\w+/.exec(await started.firstLine("stderr"))?.[0] ?? "";
    const busy = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()";
    while ((await postgres.query(busy, "billing")).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await alice.json("/v1/brakes", { kind: "sever", scope: { type: "task", value: task }, reason: "enough" });
    const ran = await started.ended;
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain("FATAL:");
    expect(await postgres.query(busy, "billing")).toEqual([]);
    expect((await readdir(folder)).filter((name) => name.startsWith("countersign-"))).toEqual([]);
    const { brakes } = await alice.json<{ brakes: { id: string }[] }>("/v1/brakes");
    const thaw = await alice.json<{ approvalId: string }>(`/v1/brakes/${brakes[0]?.id ?? ""}/thaw`, {});
    await alice.answer(thaw.approvalId);
  });

  it("lets a person work without an agent, once it is signed, and the ledger says so", async () => {
    const own = ["run", "--purpose", "a ticket", "--grant", "sql:billing/read@sql:billing/public.*"];
    const started = cli.start([...own, ...psql("-c", "SELECT count(*) FROM executives")]);
    const told = await started.until("stderr", "/approve/apr_");
    await alice.answer(/apr_\w+/.exec(told)?.[0] ?? "");
    const ran = await started.ended;
    expect([ran.code, ran.stdout]).toEqual([0, "1200\n"]);
    expect(await tasks("live")).toEqual([]);
    const { entries } = await alice.json<{ entries: { body: Record<string, unknown> }[] }>(
      "/v1/ledger/entries?reverse=1&limit=50",
    );
    const read = entries.find(({ body }) => body["kind"] === "action.intent" && body["action"] === "sql:billing/read");
    expect(read?.body["chain"]).toMatchObject({
      human: alice.humanId,
      agent: null,
      task: expect.stringMatching(/^tsk_/),
    });
  });
});

import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandLine } from "./support/command-line.ts";
import { Billing } from "./support/billing.ts";
import { hasProgram } from "./support/certificate.ts";

describe.skipIf(!hasProgram("psql", "--version"))("countersign run, with real programs (psql)", () => {
  let billing: Billing;
  let postgres: Billing["postgres"];
  let here: Billing["here"];
  let alice: Billing["alice"];
  let cli: CommandLine;
  let folder = "";

  beforeAll(async () => {
    billing = await Billing.start({ grants: [{ action: "sql:billing/*", resource: "sql:billing/public.*" }] });
    ({ postgres, here, alice, folder } = billing);
    cli = new CommandLine(folder, { COUNTERSIGN_SERVER: here.composed.api, TMPDIR: folder });
    const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
    await alice.answer(approvalId);
  }, 120_000);
  afterAll(async () => await billing.close());

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

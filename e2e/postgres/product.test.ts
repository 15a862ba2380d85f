import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskClient } from "../support/workstation.ts";
import { Billing } from "../support/billing.ts";
import { hasProgram } from "../support/certificate.ts";

describe.skipIf(!hasProgram("psql", "--version"))("a PostgreSQL that an installation guards (psql)", () => {
  let billing: Billing;
  let postgres: Billing["postgres"];
  let here: Billing["here"];
  let alice: Billing["alice"];
  let laptop: Billing["laptop"];
  let agent: string;
  beforeAll(async () => {
    billing = await Billing.start({
      terms: { limits: { statementMs: 30_000 } },
      grants: [
        { action: "mcp:files/*", resource: "**" },
        { action: "sql:billing/*", resource: "sql:billing/public.*" },
      ],
    });
    ({ postgres, here, alice, laptop, agent } = billing);
  });
  afterAll(async () => await billing.close());

  const psql: Billing["psql"] = async (task, ...commands) => await billing.psql(task, ...commands);
  const environment = async (task: TaskClient): Promise<Record<string, string>> => await billing.environment(task);

  const left = async (condition: string): Promise<number> => {
    const [row] = await postgres.query(`SELECT count(*)::int AS n FROM executives WHERE ${condition}`, "billing");
    return Number(row?.["n"]);
  };

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

  it("keeps the time of a statement under its ceiling, whatever a session sets", async () => {
    const task = await laptop.openTask("coder");
    const less = await psql(task, "SHOW statement_timeout", "SET statement_timeout = '2s'", "SHOW statement_timeout");
    expect(less).toMatchObject({ err: "", out: "30s\nSET\n2s\n" });
    for (const more of ["0", "'31s'", "DEFAULT"]) {
      const { err } = await psql(task, `SET statement_timeout = ${more}`);
      expect(err).toContain("42501");
      expect(err).toContain("the ceiling `statementMs` is 30000");
    }
    expect((await psql(task, "SELECT set_config('statement_timeout', '0', false)")).err).toContain("42501");
  });

  it("shows what a held delete would do, and commits it only when it still does that", async () => {
    const task = await laptop.openTask("coder");
    const remove = "DELETE FROM executives WHERE id BETWEEN 100 AND 102";
    const first = await psql(task, remove);
    const approval = /apr_\w+/.exec(first.err)?.[0] ?? "";
    const shown = JSON.stringify(await alice.json(`/v1/approvals/${approval}`));
    expect(shown).toContain("3 rows deleted");
    await alice.answer(approval);
    await postgres.query("DELETE FROM executives WHERE id = 101", "billing");
    const changed = await psql(task, remove);
    expect(changed.err).toContain("CS001");
    expect(await left("id BETWEEN 100 AND 102")).toBe(2);
    const again = /apr_\w+/.exec(changed.err)?.[0] ?? "";
    expect(again).not.toBe(approval);
    await alice.answer(again);
    expect(await psql(task, remove)).toMatchObject({ err: "", out: "DELETE 2\n" });
    expect(await left("id BETWEEN 100 AND 102")).toBe(0);
  });

  interface Receipt {
    readonly brake: string;
    readonly state: string;
    readonly points: readonly {
      readonly name: string;
      readonly how: string;
      readonly inFlight: readonly { readonly disposition: string }[];
    }[];
  }
  const inFlight = ({ points }: Receipt): readonly string[] =>
    points.flatMap((point) => point.inFlight.map(({ disposition }) => disposition));
  const stop = async (kind: "freeze" | "sever", type: string, value: string): Promise<Receipt> =>
    await alice.json("/v1/brakes", { kind, scope: { type, value }, reason: "test" });

  /** A psql that goes on talking. */
  class Talk {
    out = "";
    err = "";
    readonly #child: ReturnType<typeof spawn>;
    readonly over: Promise<unknown>;
    private constructor(env: Record<string, string>) {
      this.#child = spawn("psql", ["-XAt", "-v", "VERBOSITY=verbose"], { env });
      this.#child.stdout?.on("data", (chunk: Buffer) => (this.out += chunk.toString()));
      this.#child.stderr?.on("data", (chunk: Buffer) => (this.err += chunk.toString()));
      this.over = new Promise((resolve) => this.#child.once("close", resolve));
    }
    static async as(task: TaskClient): Promise<Talk> {
      return new Talk(await environment(task));
    }
    say(text: string): void {
      this.#child.stdin?.write(`${text}\n`);
    }
    async heard(text: string): Promise<void> {
      while (!this.out.includes(text)) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    async end(): Promise<void> {
      this.#child.stdin?.end();
      await this.over;
    }
  }
  const running = async (text: string): Promise<void> => {
    const query = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND usename LIKE 'cst%' AND query LIKE '%${text}%'`;
    while ((await postgres.query(query)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it("freezes what runs, and what is open between two statements; reading goes on after the thaw", async () => {
    const task = await laptop.openTask("coder");
    const [busy, idle, quiet] = [await Talk.as(task), await Talk.as(task), await Talk.as(task)];
    busy.say("UPDATE executives SET name = 'gone' WHERE id = 501 AND pg_sleep(60) IS NULL;");
    idle.say("BEGIN; UPDATE executives SET name = 'gone' WHERE id = 502; SELECT 'open';");
    quiet.say("SELECT 'there';");
    await Promise.all([running("pg_sleep"), idle.heard("open"), quiet.heard("there")]);
    const receipt = await stop("freeze", "agent", agent);
    expect(inFlight(receipt)).toEqual(["rolled_back", "rolled_back"]);
    expect(await left("name = 'gone'")).toBe(0);
    idle.say("COMMIT;");
    quiet.say("SELECT 'after';");
    await Promise.all([busy.end(), idle.end(), quiet.end()]);
    expect(busy.err).toContain("42501");
    expect(busy.err).toContain('"code":"brake.frozen"');
    expect(idle.err).toContain("57P01");
    expect(quiet.err).toContain("brake.frozen");
    expect(quiet.out).toBe("there\n");
    const { approvalId } = await alice.json<{ approvalId: string }>(`/v1/brakes/${receipt.brake}/thaw`, {});
    await alice.answer(approvalId);
    expect((await psql(await laptop.openTask("coder"), "SELECT 1")).out).toBe("1\n");
  });
  it("cancels and rolls back what a severed task runs, confirms it in the receipt, and ends the session", async () => {
    const task = await laptop.openTask("coder");
    const talk = await Talk.as(task);
    talk.say("BEGIN; UPDATE executives SET name = 'gone' WHERE id = 500; SELECT pg_sleep(60);");
    await running("pg_sleep");
    const receipt = await stop("sever", "task", task.id);
    expect(receipt.state).toBe("stopped");
    expect(inFlight(receipt)).toEqual(["rolled_back", "rolled_back"]);
    await talk.end();
    expect(talk.err).toContain("57P01");
    expect(talk.err).toContain('"code":"brake.severed"');
    expect(await left("name = 'gone'")).toBe(0);
    expect((await psql(task, "SELECT 1")).err).toContain("severed");
  });
});

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSession } from "./connection.ts";
import { transactionEnd } from "./transaction-end.ts";

const PROGRAM = fileURLToPath(new URL("testing/killed-run.ts", import.meta.url));
const STATEMENT = "DELETE FROM executives WHERE id <= 3";

let postgres: Postgres;
let address: Parameters<typeof openSession>[0];
let folder: string;
beforeAll(async () => {
  postgres = await startPostgres();
  const { hostname, port } = new URL(await postgres.url("killed"));
  address = { host: hostname, port: Number(port), user: "task_role", password: "task", database: "killed", tls: false };
  await postgres.query(
    `CREATE ROLE task_role LOGIN PASSWORD 'task'; CREATE TABLE executives (id int PRIMARY KEY);
     GRANT SELECT, DELETE ON executives TO task_role`,
    "killed",
  );
  folder = await mkdtemp(join(tmpdir(), "countersign-killed-"));
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the program until it is killed, or ends; answers what it recorded, how many rows are left, and what the server says of its transaction. */
async function runUntil(
  point: string,
): Promise<{ lines: string[]; left: number; end: string | null; signal: string | null }> {
  await postgres.query("TRUNCATE executives; INSERT INTO executives SELECT generate_series(1, 10)", "killed");
  const ledger = join(folder, point.replaceAll(" ", "-"));
  const signal = await new Promise<string | null>((resolve) => {
    execFile(process.execPath, [PROGRAM, JSON.stringify(address), STATEMENT, ledger, point], (error) =>
      resolve(error?.signal ?? null),
    );
  });
  const text = await readFile(ledger, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line !== "");
  const transaction = /pending (\d+)/.exec(text)?.[1];
  const open = async (): ReturnType<typeof openSession> => await openSession(address);
  const end = transaction === undefined ? null : await transactionEnd(open, transaction, 20_000);
  await expect
    .poll(async () => await postgres.query("SELECT 1 FROM pg_stat_activity WHERE usename = 'task_role'"), {
      timeout: 20_000,
    })
    .toEqual([]);
  const [row] = await postgres.query("SELECT count(*)::int AS n FROM executives", "killed");
  return { lines, left: Number(row?.["n"]), end, signal };
}

describe("kill -9 of whoever looks at a statement or runs it", () => {
  it.each([
    "after preview BEGIN",
    "before preview statement",
    "after preview statement",
    "before preview ROLLBACK",
    "after outside BEGIN",
    "after inside BEGIN",
    "before inside statement",
    "after inside statement",
    "before note",
  ])("%s: nothing was done, and no outcome is claimed", async (point) => {
    const { lines, left, signal } = await runUntil(point);
    expect(signal).toBe("SIGKILL");
    expect(left).toBe(10);
    expect(lines.filter((line) => line !== "intent")).toEqual([]);
  });

  it.each([
    ["after note", ["rolled back"]],
    ["before inside COMMIT", ["rolled back"]],
    ["sent inside COMMIT", ["rolled back", "committed"]],
    ["after inside COMMIT", ["committed"]],
    ["before outcome", ["committed"]],
  ] as const)("%s: what is on record tells whether it was done", async (point, ends) => {
    const { lines, left, end, signal } = await runUntil(point);
    expect(signal).toBe("SIGKILL");
    expect(lines).toEqual(["intent", expect.stringMatching(/^pending \d+$/)]);
    expect(ends).toContain(end);
    expect([left, end]).toEqual(end === "committed" ? [7, "committed"] : [10, "rolled back"]);
  });

  it("and without it the run is whole", async () => {
    const { lines, left, signal } = await runUntil("never");
    expect([signal, left]).toEqual([null, 7]);
    expect(lines.at(-1)).toBe("outcome committed");
  });
});

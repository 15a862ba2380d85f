import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandLine } from "./support/command-line.ts";
import { fileServer } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import { Person } from "./support/person.ts";
import { type TaskClient, Workstation } from "./support/workstation.ts";

const canary = (what: string): string => `canary-${what}-${randomBytes(12).toString("hex")}`;
const FIRST = canary("first");
const SECOND = canary("second");
const TOKEN = canary("token");

describe("secrets of upstreams, in a whole run", () => {
  let folder: string;
  let postgres: Postgres;
  let line: CommandLine;
  let up: ReturnType<CommandLine["start"]>;
  let ready: { api: string; setupUrl: string };
  let alice: Person;
  let laptop: Workstation;
  const said: string[] = [];
  const shown: string[] = [];
  let watching: NodeJS.Timeout;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-secrets-"));
    watching = setInterval(() => void commandLines().then((lines) => shown.push(...lines)), 50);
    postgres = await startPostgres();
    await postgres.url("billing");
    const guide = await readFile(new URL("../docs/operate/postgres-gateway.md", import.meta.url), "utf8");
    const sql = /```sql\n([^]*?)```/.exec(guide)?.[1] ?? "";
    await postgres.query(
      "CREATE ROLE app_owner NOLOGIN; CREATE TABLE people (name text); INSERT INTO people VALUES ('Ada')",
      "billing",
    );
    await postgres.query(sql.replace("'<password>'", `'${FIRST}'`), "billing");
    await writeFile(
      join(folder, "countersign.yaml"),
      "listen: { api: 127.0.0.1:0, gateway: 127.0.0.1:0, postgres: 127.0.0.1:0 }\napprovals: { waitSeconds: 1 }\n",
    );
    await writeFile(join(folder, "first"), `${FIRST}\n`);
    await writeFile(join(folder, "second"), `${SECOND}\n`);
    line = new CommandLine(folder, { XDG_CONFIG_HOME: join(folder, "config"), NOTES_TOKEN: TOKEN });
    await start();
    alice = new Person(ready.api);
    await alice.register(ready.setupUrl, "Alice Example");
    laptop = new Workstation(ready.api);
    await laptop.signIn(alice);
  }, 120_000);
  afterAll(async () => {
    clearInterval(watching);
    up.child.kill("SIGTERM");
    await up.ended;
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    // The server has none of the variables that hold a secret: what it knows, it was given and keeps sealed.
    const bare = new CommandLine(folder, { XDG_CONFIG_HOME: join(folder, "config") });
    up = bare.start(["up", "--json", "--data", join(folder, "data"), "--config", join(folder, "countersign.yaml")]);
    up.child.stderr.on("data", (part: Buffer) => said.push(part.toString("utf8")));
    up.child.stdout.on("data", (part: Buffer) => said.push(part.toString("utf8")));
    ready = JSON.parse(await up.firstLine("stdout")) as typeof ready;
  }
  async function run(...args: string[]): Promise<{ code: number | null; answer: Record<string, unknown> }> {
    const at = args.indexOf("--") === -1 ? args.length : args.indexOf("--");
    const ran = await line.run(...args.slice(0, at), "--json", "--data", join(folder, "data"), ...args.slice(at));
    said.push(ran.stdout, ran.stderr);
    const last = ran.stdout.trim().split("\n").at(-1) ?? "";
    return { code: ran.code, answer: JSON.parse(last === "" ? "{}" : last) as Record<string, unknown> };
  }
  async function sign({ answer }: { answer: Record<string, unknown> }): Promise<string> {
    if (typeof answer["approvalId"] !== "string") throw new Error(said.at(-1));
    const id = answer["approvalId"];
    const page = await (await alice.fetch(`/approve/${id}`)).text();
    said.push(page);
    await alice.answer(id);
    return page
      .replace(/<wbr \/>|<svg.*?<\/svg>/gs, "")
      .replace(/<[^>]+>/g, " ")
      .replace(/\s+/g, " ");
  }
  async function names(task: TaskClient): Promise<readonly string[]> {
    const answer = await laptop.fetch(`/v1/tasks/${task.id}/token`, { keyProof: task.proof(ready.api) });
    const {
      svid,
      trustBundle,
      postgres: at,
    } = (await answer.json()) as {
      svid: string;
      trustBundle: string;
      postgres: { address: string };
    };
    const key = task.key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    const [host = "", port = ""] = at.address.split(":");
    const ssl = { ca: trustBundle, cert: svid, key, checkServerIdentity: () => undefined };
    const client = new Client({ host, port: Number(port), database: "billing", user: "me", ssl });
    client.on("error", () => undefined);
    await client.connect();
    const { rows } = await client.query<{ name: string }>("SELECT name FROM people");
    await client.end();
    return rows.map(({ name }) => name);
  }

  it(
    "are registered, replaced, put under another master key, and used; and stand nowhere",
    { ...verifies("INV-9"), timeout: 240_000 },
    async () => {
      const url = `postgres://127.0.0.1:${String(postgres.port)}/billing`;
      const added = await run(
        "upstream",
        "add",
        "billing",
        "--url",
        url,
        "--plaintext",
        "--password-from-file",
        join(folder, "first"),
        "--limit",
        "rowsRead=100",
        "--critical",
        "sql:billing/public.salaries",
        "--mask",
        "public.people.ssn=last4",
      );
      expect(added.code).toBe(4);
      const page = await sign(added);
      expect(page).toContain(`billing new At ${url}`);
      expect(page).toContain("kept apart, never shown");
      expect(page).toContain("Always held sql:billing/public.salaries");
      expect(page).toContain("100 rows read by one statement");
      const tool = await run("upstream", "add", "notes", "--env", "NOTES_TOKEN", "--", ...fileServer(folder));
      await sign(tool);
      const { answer } = await run("upstream", "list");
      const [billing] = (answer["upstreams"] as Record<string, unknown>[]).filter(({ name }) => name === "billing");
      expect(billing).toMatchObject({ kind: "postgres", url, password: "password", limits: { rowsRead: 100 } });

      const limits = { rowsRead: 50, relations: 3 };
      const created = await alice.json("/v1/agents", {
        name: "coder",
        owner: "me",
        purpose: "tests",
        grants: [{ action: "sql:billing/read", resource: "sql:billing/public.*", limits }],
        expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
      });
      expect(await sign({ answer: created })).toContain(
        "statements that read in billing : on sql:billing/public.* ; at most 3 relations touched by one statement, 50 rows",
      );
      const task = await laptop.openTask("coder");
      expect(await names(task)).toEqual(["Ada"]);

      const masterFile = join(folder, "config", "countersign", "master.key");
      const former = (await readFile(masterFile, "utf8")).trim();
      expect(await run("secret", "rotate-master")).toMatchObject({ code: 0, answer: { state: "rotated" } });
      const next = (await readFile(masterFile, "utf8")).trim();
      expect(next).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(next).not.toBe(former);

      await postgres.query(`ALTER ROLE countersign_gateway PASSWORD '${SECOND}'`);
      const replaced = await run("secret", "replace", "billing", "--password-from-file", join(folder, "second"));
      expect(replaced.code).toBe(4);
      expect(await sign(replaced)).toContain("Password kept apart, never shown otherwise than until now");
      expect(await names(await laptop.openTask("coder"))).toEqual(["Ada"]);

      up.child.kill("SIGTERM");
      await up.ended;
      await start();
      alice = alice.at(ready.api);
      expect(await names(await laptop.openTask("coder"))).toEqual(["Ada"]);
      expect((await run("ledger", "export", join(folder, "data", "export"))).code).toBe(0);

      expect(shown.length).toBeGreaterThan(100);
      for (const secret of [FIRST, SECOND, TOKEN, former, next]) {
        expect(said.join("\n"), "output").not.toContain(secret);
        expect(shown.join("\n"), "process list").not.toContain(secret);
        expect(await filesWith(join(folder, "data"), secret)).toEqual([]);
      }
    },
  );

  it("refuses a password in the address without repeating it", async () => {
    const { code } = await run("upstream", "add", "other", "--url", "postgres://u:hunter2@h/d");
    expect(code).toBe(2);
    const body = { name: "other", terms: { kind: "postgres", url: "postgres://u:hunter2@h/d" } };
    const answer = await alice.fetch("/v1/upstreams", { body });
    expect(answer.status).toBe(400);
    said.push(await answer.text());
    expect(said.join("\n")).not.toContain("hunter2");
  });
});

async function commandLines(): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return await Promise.all(pids.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
}

async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(3);
  const found = await Promise.all(files.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])));
  return found.flat();
}

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { generateSigningKey } from "@countersign/credentials";
import { type TestControlPlane, startControlPlane } from "../testing/control-plane.ts";
import { signedIn } from "../testing/sign-in-state.ts";
import { NOW, type TestCli, testCli } from "../testing/test-cli.ts";
import { StubAuthority } from "../task-run/testing/stub-gateway.ts";

const AGENT = "agt_0000000000000000000001";
const TASK = "tsk_0000000000000000000001";
/** Writes its environment and its arguments, then does as it is told. */
const PROGRAM = `
  require("node:fs").writeFileSync(process.argv[1], JSON.stringify({ env: process.env, args: process.argv.slice(2) }));
  const told = process.argv[2];
  if (told === "wait") { process.on("SIGINT", () => process.exit(40)); setInterval(() => {}, 1000); }
  else if (told === "die") process.kill(process.pid, "SIGKILL");
  else process.exitCode = Number(told);
`;
/** Starts another program, which notes that it was asked to end, and waits for it. */
const FAMILY = `trap : TERM; sh -c 'trap "echo ended >> \\"$0\\"; exit" TERM; echo up >> "$0"; while :; do sleep 0.1; done' "$0"; exit 0`;

describe("countersign run", () => {
  const authority = new StubAuthority();
  let server: TestControlPlane;
  let test: TestCli;
  let folder = "";
  let file = "";
  let postgres: Record<string, unknown> | null = null;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "run-"));
    file = join(folder, "said.json");
    postgres = { address: "127.0.0.1:1", identity: "spiffe://localhost/point/ep_1", databases: ["billing"] };
    const key = generateSigningKey();
    const token = (): object => ({
      accessToken: "a",
      expiresIn: 300,
      svid: authority.task(key),
      trustBundle: authority.bundle,
    });
    const expiresAt = new Date(NOW + 3_600_000).toISOString();
    server = await startControlPlane({
      "GET /v1/agents/coder": () => ({ body: { id: AGENT, name: "coder" } }),
      "POST /v1/tasks": () => ({
        status: 201,
        body: { id: TASK, gateway: "http://127.0.0.1:1", expiresAt, postgres, token: token() },
      }),
      [`POST /v1/tasks/${TASK}/token`]: () => ({ body: { ...token(), gateway: "http://127.0.0.1:1", postgres } }),
      [`POST /v1/tasks/${TASK}/end`]: () => ({ body: { id: TASK, status: "ended" } }),
    });
    const variables = { PATH: process.env["PATH"], PGHOST: "elsewhere", COUNTERSIGN_X: "secret", MINE: "yes" };
    test = testCli({ env: { server: server.url, variables, cwd: folder } });
    signedIn(server.url, test);
    // Where the folder of the socket is made.
    vi.stubEnv("TMPDIR", folder);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const LINE = ["run", "--agent", "coder", "--purpose", "figures"];
  const runs = async (words: readonly string[], ...flags: readonly string[]): ReturnType<TestCli["run"]> =>
    await test.run(...LINE, ...flags, "--", ...words);
  const node = (...told: readonly string[]): string[] => [process.execPath, "-e", PROGRAM, file, ...told];
  const said = (): { env: Record<string, string>; args: string[] } =>
    JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof said>;
  const until = async (what: () => boolean): Promise<void> => {
    while (!what()) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it("opens a task for the command, gives it the way to the database, and ends the task with it", async () => {
    const grant = ["--grant", "sql:billing/read@sql:billing/**", "--ttl", "10m"];
    const ran = await runs(node("7", "--json", "a b"), ...grant);
    expect(ran.code).toBe(7);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toBe(`countersign: task ${TASK} open until 2026-11-22 03:00:00 UTC, billing\n`);
    expect(said().args).toEqual(["7", "--json", "a b"]);
    const { env } = said();
    expect(env).toMatchObject({ MINE: "yes", PGPORT: "5432", PGUSER: "coder", PGDATABASE: "billing" });
    expect(env["PGHOST"]).toMatch(/\/countersign-[^/]+$/);
    expect(env["DATABASE_URL"]).toContain(encodeURIComponent(env["PGHOST"] ?? ""));
    expect(env["PGPASSWORD"]).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(JSON.stringify(env)).not.toContain("secret");
    expect(env["PGHOST"]?.startsWith(`${folder}/`)).toBe(true);
    expect(existsSync(env["PGHOST"] ?? "")).toBe(false);
    expect(server.at("POST /v1/tasks")[0]?.body).toMatchObject({
      agent: AGENT,
      purpose: "figures",
      grants: [{ action: "sql:billing/read", resource: "sql:billing/**" }],
      ttlSeconds: 600,
      idleSeconds: 600,
    });
    expect(server.at(`POST /v1/tasks/${TASK}/end`)).toHaveLength(1);
  });

  it("keeps the socket in a folder of the user alone, while the command runs", async () => {
    const look = `const at = process.env.PGHOST; const fs = require("node:fs");
      fs.writeFileSync(${JSON.stringify(file)}, JSON.stringify({ env: { mode: (fs.statSync(at).mode & 0o777).toString(8) }, args: fs.readdirSync(at) }))`;
    await runs([process.execPath, "-e", look]);
    expect(said()).toEqual({ env: { mode: "700" }, args: [".s.PGSQL.5432"] });
  });

  it("listens on loopback where it is asked to", async () => {
    expect((await runs(node("0"), "--tcp")).code).toBe(0);
    const { PGHOST: host, PGPORT: port, DATABASE_URL: url, PGPASSWORD: password } = said().env;
    expect(host).toBe("127.0.0.1");
    expect(url).toBe(`postgres://coder:${password ?? ""}@127.0.0.1:${port ?? ""}/billing?sslmode=disable`);
  });

  it("names the database that is asked for, and none of several by itself", async () => {
    postgres = { ...postgres, databases: ["billing", "crm"] };
    await runs(node("0"));
    expect(said().env).not.toHaveProperty("PGDATABASE");
    expect(said().env).toHaveProperty("PGHOST");
    await runs(node("0"), "--database", "crm");
    expect(said().env).toMatchObject({ PGDATABASE: "crm" });
  });

  it("runs what needs no database, and leads it to none", async () => {
    postgres = null;
    expect((await runs(node("0"))).stderr).toContain("no guarded database");
    expect(Object.keys(said().env).filter((name) => name.startsWith("PG"))).toEqual([]);
  });

  it("says nothing of its own on standard output with --json either", async () => {
    const ran = await test.run(...LINE, "--json", "--", ...node("0"));
    expect(ran.stdout).toBe("");
    expect(JSON.parse(ran.stderr)).toEqual({
      event: "task",
      task: TASK,
      expiresAt: new Date(NOW + 3_600_000).toISOString(),
      databases: ["billing"],
    });
  });

  it("passes a signal on, and the code of a command that a signal ended", async () => {
    const running = runs(node("wait"));
    await until(() => existsSync(file) && readFileSync(file, "utf8") !== "");
    test.send("SIGINT");
    expect((await running).code).toBe(40);
    expect((await runs(node("die"))).code).toBe(128 + 9);
    expect(test.stop.signal.aborted).toBe(false);
  });

  it("ends the command with all that it started when the task is severed", async () => {
    writeFileSync(file, "");
    const running = runs(["sh", "-c", FAMILY, file]);
    await until(() => readFileSync(file, "utf8").includes("up"));
    server.route({
      [`POST /v1/tasks/${TASK}/token`]: () => ({
        status: 403,
        body: { code: "brake.severed", detail: "the task was severed by brk_1" },
      }),
    });
    const ran = await running;
    expect(readFileSync(file, "utf8")).toBe("up\nended\n");
    expect(ran.stderr).toContain("the task was severed by brk_1");
  });

  it("goes on while the control plane does not answer", async () => {
    const running = runs(node("wait"));
    await until(() => existsSync(file) && readFileSync(file, "utf8") !== "");
    const asked = (): number => server.at(`POST /v1/tasks/${TASK}/token`).length;
    server.route({ [`POST /v1/tasks/${TASK}/token`]: () => ({ status: 503, body: { code: "server.unreachable" } }) });
    await until(() => asked() >= 2);
    test.send("SIGINT");
    expect((await running).code).toBe(40);
  });

  it("starts nothing when no task is opened", async () => {
    server.route({ "POST /v1/tasks": () => ({ status: 403, body: { code: "agent.inactive", detail: "not active" } }) });
    const ran = await runs(node("0"));
    expect([ran.code, ran.stdout]).toEqual([3, ""]);
    expect(ran.stderr).toContain("not active");
    expect(existsSync(file)).toBe(false);
  });

  it("ends the task when the program does not exist, and leaves no folder", async () => {
    const ran = await runs(["no-such-program-here"]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("`no-such-program-here` cannot be run: there is no such program");
    expect(server.at(`POST /v1/tasks/${TASK}/end`)).toHaveLength(1);
    expect(readdirSync(folder).filter((name) => name.startsWith("countersign-"))).toEqual([]);
  });

  it("opens a person's own task where no agent is named, once it is signed, and ends it", async () => {
    const approval = "apr_0000000000000000000001";
    const url = `${server.url}/approve/${approval}`;
    let state = "pending";
    server.route({
      "POST /v1/tasks": () => ({ status: 202, body: { id: TASK, approvalId: approval, url } }),
      [`GET /v1/approvals/${approval}`]: () => {
        const body = { state };
        state = "consumed";
        return { body };
      },
      [`GET /v1/tasks/${TASK}`]: () => ({ body: { id: TASK, agent: null, status: "live" } }),
    });
    const grant = ["--grant", "sql:billing/read@sql:billing/**"];
    const ran = await test.run("run", "--purpose", "a ticket", ...grant, "--", ...node("5"));
    expect(ran.code).toBe(5);
    expect(ran.stderr).toContain(`an administrator signs what you may do: ${url}`);
    expect(test.opened).toEqual([url]);
    expect(said().env).toMatchObject({ PGDATABASE: "billing", PGUSER: "me" });
    const [asked] = server.at("POST /v1/tasks");
    expect(asked?.body).toMatchObject({ purpose: "a ticket", grants: [{ action: "sql:billing/read" }] });
    expect(asked?.body).not.toHaveProperty("agent");
    expect(server.at(`POST /v1/tasks/${TASK}/end`)).toHaveLength(1);
  });

  it("runs nothing when a person's own task is denied", async () => {
    const approval = "apr_0000000000000000000001";
    server.route({
      "POST /v1/tasks": () => ({ status: 202, body: { id: TASK, approvalId: approval, url: "http://x" } }),
      [`GET /v1/approvals/${approval}`]: () => ({ body: { state: "denied" } }),
    });
    const ran = await test.run("run", "--purpose", "p", "--grant", "sql:billing/read@**", "--", ...node("0"));
    expect([ran.code, existsSync(file)]).toEqual([3, false]);
    expect(ran.stderr).toContain("the task was not signed (denied)");
  });

  it("joins a task that was opened before, which goes on afterwards", async () => {
    server.route({ [`GET /v1/tasks/${TASK}`]: () => ({ body: { id: TASK, agent: null, status: "live" } }) });
    expect((await test.run("run", "--task", TASK, "--", ...node("6"))).code).toBe(6);
    expect(server.at("POST /v1/tasks")).toEqual([]);
    expect(server.at(`POST /v1/tasks/${TASK}/end`)).toEqual([]);
  });

  it.each([
    [[...LINE], "say what to run"],
    [[...LINE, "--"], "say what to run"],
    [["run", "--agent", "coder", "--", "true"], "`--purpose TEXT` is missing"],
    [["run", "--purpose", "p", "--", "true"], "without `--agent AGENT`, say what you want to do"],
    [["run", "--task", "x", "--", "true"], "no task id"],
    [["run", "--task", TASK, "--purpose", "p", "--", "true"], "has its purpose"],
    [[...LINE, "--ttl", "soon", "--", "true"], "no time span"],
    [[...LINE, "--grant", "x", "--", "true"], "not of the form"],
    [[...LINE, "true"], "unexpected `true`"],
  ])("is used otherwise: %j", async (line, fault) => {
    const ran = await test.run(...line);
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toContain(fault);
    expect(server.at("POST /v1/tasks")).toEqual([]);
  });
});

import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "./support/invariants.ts";
import { type Ran, type Started, countersign, startUp, userEnvironment } from "./support/launcher.ts";

const LOOPBACK = "listen: { api: 127.0.0.1:0, gateway: 127.0.0.1:0 }\n";

describe("a start that must not succeed says why in one clause, and what to do", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const running: Started[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-"));
    env = userEnvironment(folder);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map(async (started) => await started.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  const up = async (yaml: string, more: readonly string[] = []): Promise<Ran> => {
    const file = join(folder, "countersign.yaml");
    await writeFile(file, yaml);
    return await countersign(["up", "--json", "--data", join(folder, "data"), "--config", file, ...more], env);
  };
  const problem = (ran: Ran): { code: string; detail: string } => {
    expect(ran.code).toBe(1);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).not.toMatch(/\n\s+at /);
    return JSON.parse(ran.stderr.trim().split("\n").at(-1) ?? "") as { code: string; detail: string };
  };

  it.each([
    ["an unknown key", `${LOOPBACK}upstraems: {}\n`, { code: "config.invalid", word: "upstraems" }],
    [
      "an unknown key below",
      `${LOOPBACK}upstreams: { files: { kind: mcp, command: [x], efects: {} } }\n`,
      { code: "config.invalid", word: "efects" },
    ],
    ["a port that cannot be", "listen: { api: 127.0.0.1:99999 }\n", { code: "config.invalid", word: "65535" }],
    ["broken YAML", "listen: {", { code: "config.invalid", word: "YAML" }],
    ["a list where keys belong", "- 1\n", { code: "config.invalid", word: "keys" }],
    [
      "an upstream with neither command nor url",
      `${LOOPBACK}upstreams: { files: { kind: mcp } }\n`,
      { code: "config.invalid", word: "command" },
    ],
    [
      "an effect that does not exist",
      `${LOOPBACK}upstreams: { files: { kind: mcp, command: [x], effects: { a: harmless } } }\n`,
      { code: "config.invalid", word: "effects" },
    ],
    [
      "an address beyond this machine without TLS",
      "listen: { api: 0.0.0.0:0 }\n",
      { code: "listen.unsafe", word: "tls" },
    ],
  ])("%s", async (_name, yaml, { code, word }) => {
    const { code: found, detail } = problem(await up(yaml));
    expect(found).toBe(code);
    expect(detail).toContain(word);
  });

  it.each([
    [`upstreams: { t: { kind: mcp, url: "https://x.example", auth: { bearer: sk-very-secret } } }\n`],
    [`upstreams: { t: { kind: mcp, command: [x], env: { API_TOKEN: sk-very-secret } } }\n`],
  ])("a secret as text, without repeating it", verifies("INV-9"), async (yaml) => {
    const ran = await up(LOOPBACK + yaml);
    expect(problem(ran).code).toBe("config.secret_literal");
    expect(ran.stderr).not.toContain("sk-very-secret");
  });

  it("a port in use", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    const { code, detail } = problem(await up(`listen: { api: "127.0.0.1:${String(port)}", gateway: 127.0.0.1:0 }\n`));
    expect(code).toBe("listen.in_use");
    expect(detail).toContain(String(port));
    await new Promise<void>((resolve) => taken.close(() => resolve()));
  });

  it("a data directory in use, naming the process; and after a kill the next start takes it", async () => {
    const file = join(folder, "countersign.yaml");
    await writeFile(file, LOOPBACK);
    const args = ["--data", join(folder, "data"), "--config", file];
    const first = await startUp(args, env);
    running.push(first);
    const second = problem(await up(LOOPBACK));
    expect(second.code).toBe("data.in_use");
    expect(second.detail).toContain(String(first.ready.pid));
    expect(await first.stop("SIGKILL")).toBeNull();
    const third = await startUp(args, env);
    running.splice(0, 1, third);
    expect(third.ready.api).toBe(first.ready.api);
    expect(await third.stop()).toBe(0);
  });

  it("a master key that others may read, and one that is gone", async () => {
    expect((await up(LOOPBACK, ["--nonsense"])).code).toBe(2);
    const keys = join(folder, "config", "countersign");
    await mkdir(keys, { recursive: true });
    await writeFile(join(keys, "master.key"), `${Buffer.alloc(32, 7).toString("base64url")}\n`);
    await chmod(join(keys, "master.key"), 0o644);
    expect(problem(await up(LOOPBACK))).toMatchObject({
      code: "config.invalid",
      detail: expect.stringContaining("chmod 600"),
    });
    await chmod(join(keys, "master.key"), 0o600);
    const file = join(folder, "countersign.yaml");
    const started = await startUp(["--data", join(folder, "data"), "--config", file], env);
    expect(await started.stop()).toBe(0);
    await rm(join(keys, "master.key"));
    expect(problem(await up(LOOPBACK))).toMatchObject({
      code: "data.damaged",
      detail: expect.stringContaining("master key"),
    });
  });

  it("a damaged database and a damaged ledger: the start refuses, and doctor says what and where", async () => {
    const file = join(folder, "countersign.yaml");
    await writeFile(file, LOOPBACK);
    const data = join(folder, "data");
    const started = await startUp(["--data", data, "--config", file], env);
    expect(await started.stop()).toBe(0);
    const doctor = async (): Promise<{ name: string; ok: boolean; detail: string }[]> => {
      const { stdout } = await countersign(["doctor", "--json", "--data", data], env);
      return (JSON.parse(stdout) as { checks: { name: string; ok: boolean; detail: string }[] }).checks;
    };
    const whole = await doctor();
    expect(whole.filter((c) => ["database", "ledger"].includes(c.name)).map((c) => c.ok)).toEqual([true, true]);
    const db = new DatabaseSync(join(data, "countersign.db"));
    db.exec(`UPDATE records SET body = json_set(body, '$.terms.limits.depth', 128) WHERE kind = 'settings'`);
    db.close();
    expect(problem(await up(LOOPBACK)).code).toMatch(/^(data|ledger)\.damaged$/);
    expect((await doctor()).find((c) => c.name === "database")).toMatchObject({
      ok: false,
      detail: expect.stringContaining("settings"),
    });
    await writeFile(join(data, "ledger", "checkpoint"), "not a checkpoint");
    expect((await doctor()).find((c) => c.name === "ledger")).toMatchObject({ ok: false });
  });

  it("tells an upstream that is not there apart from a start that failed", async () => {
    const file = join(folder, "countersign.yaml");
    await writeFile(file, `${LOOPBACK}upstreams: { gone: { kind: mcp, command: [/nonexistent/program] } }\n`);
    const started = await startUp(["--data", join(folder, "data"), "--config", file], env);
    running.push(started);
    expect(started.ready.setupUrl).toContain("/setup?token=");
    const ready = await fetch(new URL("/readyz", started.ready.api));
    expect(await ready.json()).toMatchObject({ ready: true });
  });
});

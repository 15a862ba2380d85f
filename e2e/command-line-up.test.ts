import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommandLine, type Started } from "./support/command-line.ts";

const FREE = "listen: { api: 127.0.0.1:0, gateway: 127.0.0.1:0 }\n";

describe("countersign up", () => {
  let folder = "";
  let cli: CommandLine;
  let running: Started[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-up-"));
    cli = new CommandLine(folder, { SSH_CONNECTION: "10.0.0.9 50000 10.0.0.1 2222" });
    await writeFile(join(folder, "free.yaml"), FREE);
  });
  afterEach(async () => {
    for (const one of running) one.child.kill("SIGKILL");
    await Promise.all(running.map(async (one) => await one.ended));
    running = [];
    await rm(folder, { recursive: true, force: true });
  });

  function start(...args: string[]): Started {
    const started = cli.start(["up", "--config", "free.yaml", ...args]);
    running.push(started);
    return started;
  }

  it("prints a ready line with `--json`, answers, ends with 0 on SIGTERM, and goes on at the next start", async () => {
    for (const first of [true, false]) {
      const up = start("--data", "data", "--json");
      const ready = JSON.parse(await up.firstLine("stdout")) as {
        event: string;
        api: string;
        gateway: string;
        setupUrl: string | null;
        pid: number;
      };
      expect(ready).toMatchObject({
        event: "ready",
        pid: up.child.pid,
        gateway: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      });
      expect(ready.setupUrl).toContain(`${ready.api}/setup?token=`);
      expect((await fetch(`${ready.api}/healthz`)).status).toBe(200);
      expect(await cli.json("status", "--data", "data")).toMatchObject({ server: ready.api, broken: "human" });
      up.child.kill(first ? "SIGTERM" : "SIGINT");
      expect(await up.ended).toMatchObject({ code: 0, stderr: "" });
      await expect(fetch(`${ready.api}/healthz`)).rejects.toThrow("fetch failed");
    }
  });

  it("shows a start screen to a person: addresses, set-up link, tunnel, next step", async () => {
    const up = start("--data", "data");
    await up.until("stdout", "Ctrl-C");
    up.child.kill("SIGTERM");
    const { code, stdout, stderr } = await up.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/Console +http:\/\/localhost:\d+\n/);
    expect(stdout).toMatch(/Gateway +http:\/\/127\.0\.0\.1:\d+\n/);
    expect(stdout).toContain(join(folder, "data"));
    expect(stdout).toMatch(/\n *http:\/\/localhost:\d+\/setup\?token=\S{43}\n/);
    expect(stdout).toMatch(/\n *ssh -p 2222 -L (\d+):localhost:\1 -L (\d+):localhost:\2 \S+@\S+\n/);
    expect(stdout).toContain("Next      Open the set-up link");
    expect(stdout).not.toContain("\u001b");
  });

  it("says which process uses the data directory", async () => {
    const first = start("--data", "data", "--json");
    await first.firstLine("stdout");
    const problem = await cli.problem("up", "--config", "free.yaml", "--data", "data");
    expect(problem).toMatchObject({
      exit: 1,
      code: "data.in_use",
      detail: expect.stringContaining(String(first.child.pid)),
    });
  });

  it("says which address is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    await writeFile(join(folder, "taken.yaml"), `listen: { api: "127.0.0.1:${String(port)}", gateway: 127.0.0.1:0 }\n`);
    const problem = await cli.problem("up", "--config", "taken.yaml", "--data", "data");
    expect(problem).toMatchObject({ exit: 1, code: "listen.in_use", detail: expect.stringContaining(String(port)) });
    taken.close();
  });

  it.each([
    ["lisen: {}\n", "config.invalid", "lisen"],
    ["a: [\n", "config.invalid", "wrong.yaml"],
    ["upstreams: { a: { kind: mcp, url: 'http://x/', auth: { bearer: abc } } }\n", "config.secret_literal", "auth"],
    ["listen: { api: 0.0.0.0:0, gateway: 127.0.0.1:0 }\n", "listen.unsafe", "0.0.0.0"],
  ])("refuses %j", async (text, code, names) => {
    await writeFile(join(folder, "wrong.yaml"), text);
    const problem = await cli.problem("up", "--config", "wrong.yaml", "--data", "data");
    expect(problem).toMatchObject({ exit: 1, code, detail: expect.stringContaining(names) });
  });

  it.each([
    [["--tls-cert", "a.pem"], "go together"],
    [["--tls-cert", "a.pem", "--tls-key", "b.pem", "--behind-proxy"], "not both"],
    [["--url", "nonsense"], "is not an address"],
  ])("%j is a usage error", async (flags, says) => {
    expect(await cli.problem("up", ...flags)).toMatchObject({ exit: 2, detail: expect.stringContaining(says) });
  });

  it("reads DATA/countersign.yaml, and never the current folder's", async () => {
    await mkdir(join(folder, "data"), { mode: 0o700 });
    await writeFile(join(folder, "data", "countersign.yaml"), "nonsense: 1\n");
    await writeFile(join(folder, "countersign.yaml"), FREE);
    expect(await cli.problem("up", "--data", "data")).toMatchObject({
      code: "config.invalid",
      detail: expect.stringContaining("nonsense"),
    });
  });
});

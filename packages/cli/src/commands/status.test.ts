import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startControlPlane, type TestControlPlane } from "../testing/control-plane.ts";
import { testCli } from "../testing/test-cli.ts";

let server: TestControlPlane | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

describe("status", () => {
  it("without a server is exit 1 with the command that starts it", async () => {
    const test = testCli({ env: { server: "http://localhost:1" } });
    const { code, stdout, stderr } = await test.run("status", "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({
      code: "server.unreachable",
      broken: "server",
      repair: expect.stringMatching(/countersign up$/),
    });
  });

  it("names the first broken link and its repair, one object with `--json`", async () => {
    const test = testCli();
    server = await startControlPlane(
      {
        "GET /v1/status": () => ({
          body: { publicUrl: server?.url, setUp: true, lease: { valid: true }, gateway: "http://g" },
        }),
        "GET /v1/agents": () => ({
          body: {
            agents: [
              { name: "coder", status: "active" },
              { name: "old", status: "retired" },
            ],
          },
        }),
      },
      join(test.surroundings.env.defaultDataDir, "control.sock"),
    );
    const { code, stdout } = await test.run("status", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      server: server.url,
      broken: "human",
      repair: expect.stringMatching(/countersign login$/),
    });
    const said = await test.run("status");
    expect(said.stdout).toContain("  ok  agent    coder\n");
    expect(said.stdout).toMatch(/First broken link: human\. Repair:\n {2}\S*countersign login\n$/);
  });
});

describe("doctor", () => {
  it("asks the control plane over its socket; a failing check is exit 1", async () => {
    const test = testCli();
    let ok = true;
    const checks = (): object[] => [{ name: "ledger", ok, detail: "every entry verifies", next: "restore it" }];
    server = await startControlPlane(
      { "GET /v1/doctor": () => ({ body: { checks: checks() } }) },
      join(test.surroundings.env.defaultDataDir, "control.sock"),
    );
    expect(await test.run("doctor")).toMatchObject({ code: 0, stdout: "  ok  ledger  every entry verifies\n" });
    ok = false;
    const failed = await test.run("doctor");
    expect(failed).toMatchObject({
      code: 1,
      stdout: "  !!  ledger  every entry verifies\n              next: restore it\n",
    });
    expect(JSON.parse((await test.run("doctor", "--json")).stdout)).toMatchObject({ running: true, ok: false });
  });

  it("says a warning and is exit 0", async () => {
    const test = testCli();
    const checks = [{ name: "user", ok: true, level: "warning", detail: "agents run beside", next: "another user" }];
    server = await startControlPlane(
      { "GET /v1/doctor": () => ({ body: { checks } }) },
      join(test.surroundings.env.defaultDataDir, "control.sock"),
    );
    expect(await test.run("doctor")).toMatchObject({
      code: 0,
      stdout: "   !  user  agents run beside\n            next: another user\n",
    });
    expect(JSON.parse((await test.run("doctor", "--json")).stdout)).toMatchObject({
      ok: true,
      checks: [{ name: "user", ok: true, level: "warning" }],
    });
  });

  it("looks at the data directory when nothing runs", async () => {
    const test = testCli();
    const none = JSON.parse((await test.run("doctor", "--json")).stdout) as { checks: { name: string; ok: boolean }[] };
    expect(none).toMatchObject({
      running: false,
      ok: false,
      checks: [{ name: "control plane" }, { name: "data directory", ok: false }],
    });
    const data = test.surroundings.env.defaultDataDir;
    mkdirSync(data, { recursive: true });
    chmodSync(data, 0o755);
    const open = await test.run("doctor");
    expect(open).toMatchObject({ code: 1, stdout: expect.stringContaining(`next: chmod 700 ${data}`) });
    chmodSync(data, 0o700);
    expect((await test.run("doctor")).stdout).toContain("readable by its owner only");
  });
});

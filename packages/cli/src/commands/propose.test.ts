import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startControlPlane, type TestControlPlane } from "../testing/control-plane.ts";
import { signedIn } from "../testing/sign-in-state.ts";
import { NOW, testCli, type TestCli } from "../testing/test-cli.ts";

const HELD = { approvalId: "apr_1", url: "http://x/approve/apr_1" };

describe("what a human must sign", () => {
  let server: TestControlPlane;
  let test: TestCli;

  beforeEach(async () => {
    server = await startControlPlane({
      "POST /v1/agents": () => ({ status: 202, body: { id: "agt_1", ...HELD } }),
      "POST /v1/policies": () => ({ status: 202, body: HELD }),
      "POST /v1/policies/check": ({ body }) => ({
        body:
          body["text"] === "permit(principal, action, resource);"
            ? { ok: true, problems: [] }
            : { ok: false, problems: ["line 1: unexpected `x`"] },
      }),
      "POST /v1/humans/invites": () => ({
        status: 201,
        body: { url: "http://x/invite?token=t", expiresAt: "2026-11-23T02:00:00Z" },
      }),
      "POST /v1/tasks": () => ({
        status: 201,
        body: { id: "tsk_1", expiresAt: "2026-11-22T03:00:00Z", gateway: "http://g" },
      }),
    });
    test = testCli({ env: { server: server.url }, stdin: "permit(principal, action, resource);" });
    signedIn(server.url, test);
  });
  afterEach(async () => await server.close());

  const create = ["agent", "create", "reader", "--purpose", "p", "--expires", "30d"];

  it("agent create sends grants and end, and is held", async () => {
    const { code, stdout } = await test.run(...create, "--grant", "mcp:f/*@file:/a@b", "--grant", "x@y", "--json");
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toEqual({ id: "agt_1", ...HELD });
    expect(server.at("POST /v1/agents")[0]?.body).toEqual({
      name: "reader",
      owner: "me",
      purpose: "p",
      grants: [
        { action: "mcp:f/*", resource: "file:/a@b" },
        { action: "x", resource: "y" },
      ],
      expiresAt: new Date(NOW + 30 * 86_400_000).toISOString(),
    });
  });

  it("reads the ceilings of a grant, and refuses what is none", async () => {
    const grant = "sql:billing/*@sql:billing/public.* [rowsPerStatement=10,relations=2]";
    await test.run(...create, "--grant", grant);
    expect(server.at("POST /v1/agents")[0]?.body).toMatchObject({
      grants: [
        { action: "sql:billing/*", resource: "sql:billing/public.*", limits: { rowsPerStatement: 10, relations: 2 } },
      ],
    });
    for (const wrong of ["[rows=1]", "[relations]", "[relations=-1]", "[]", "[relations=99999999999]"]) {
      const { code } = await test.run(...create, "--grant", `sql:billing/*@sql:billing/** ${wrong}`);
      expect(code).toBe(2);
    }
  });

  it("tells a person where to sign", async () => {
    const { code, stdout } = await test.run(...create, "--grant", "x@y");
    expect(code).toBe(4);
    expect(stdout).toBe(`held  agent \`reader\`: nothing has changed until a human signs\nsign  ${HELD.url}\n`);
  });

  it.each([
    [["--grant", "no-at-sign"], "is not of the form ACTION@RESOURCE"],
    [["--grant", "@y"], "is not of the form ACTION@RESOURCE"],
    [["--grant", "x@"], "is not of the form ACTION@RESOURCE"],
    [[], "`--grant ACTION@RESOURCE` is missing"],
  ])("agent create %j is a usage error", async (flags, says) => {
    const { code, stderr } = await test.run(...create, ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(server.asked).toEqual([]);
  });

  it("agent create takes a date as its end", async () => {
    const ran = await test.run("agent", "create", "r", "--purpose", "p", "--grant", "x@y", "--expires", "2027-01-31");
    expect(ran.code).toBe(4);
    expect(server.at("POST /v1/agents")[0]?.body["expiresAt"]).toBe("2027-01-31T00:00:00.000Z");
  });

  it.each([
    ["2020-01-31", "has passed already"],
    ["soon", "is neither a time span"],
    ["30 days", "is neither a time span"],
  ])("agent create --expires %j is a usage error", async (expires, says) => {
    const ran = await test.run("agent", "create", "r", "--purpose", "p", "--grant", "x@y", "--expires", expires);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(says) });
  });

  it("policy check is exit 1 with the problems, and reads standard input as `-`", async () => {
    writeFileSync(join(test.surroundings.env.cwd, "bad.cedar"), "x");
    const bad = await test.run("policy", "check", "bad.cedar");
    expect(bad).toMatchObject({ code: 1, stdout: "bad.cedar: line 1: unexpected `x`\n" });
    expect(await test.run("policy", "check", "-", "--json")).toMatchObject({
      code: 0,
      stdout: '{"ok":true,"problems":[]}\n',
    });
    expect(await test.run("policy", "publish", "bad.cedar", "--json")).toMatchObject({ code: 4 });
    expect(await test.run("policy", "check", "absent.cedar")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("`absent.cedar` cannot be read (ENOENT)"),
    });
  });

  it("human invite prints a link, with the roles it was asked for", async () => {
    expect(await test.run("human", "invite", "--role", "auditor")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("http://x/invite?token=t"),
    });
    expect(server.at("POST /v1/humans/invites")[0]?.body).toEqual({ roles: ["auditor"] });
    expect(await test.run("human", "invite", "--role", "king")).toMatchObject({ code: 2 });
  });

  it("task open asks with the session, never over the socket", async () => {
    const ran = await test.run("task", "open", "--agent", "reader", "--purpose", "p", "--ttl", "1h", "--json");
    expect(ran.code).toBe(0);
    expect(server.at("POST /v1/tasks")[0]).toMatchObject({
      local: false,
      body: { agent: "reader", purpose: "p", ttlSeconds: 3600 },
    });
    expect(await test.run("task", "open", "--agent", "reader", "--purpose", "p", "--ttl", "1y")).toMatchObject({
      code: 2,
    });
    server.route({ "POST /v1/tasks": () => ({ status: 403, body: { code: "agent.owner_lost" } }) });
    expect(await test.run("task", "open", "--agent", "reader", "--purpose", "p")).toMatchObject({ code: 3 });
  });

  it("approve prints the page and opens it", async () => {
    const approval = "apr_0000000000000000000001";
    expect(await test.run("approve", approval, "--json")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${server.url}/approve/${approval}`),
    });
    expect(test.opened).toEqual([`${server.url}/approve/${approval}`]);
    expect(await test.run("approve", "../../etc")).toMatchObject({ code: 2 });
  });
});

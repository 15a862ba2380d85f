import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startControlPlane, type TestControlPlane } from "../testing/control-plane.ts";
import { testCli, type TestCli } from "../testing/test-cli.ts";

const AGENT = "agt_0000000000000000000001";
const HUMAN = "hum_0000000000000000000001";
const BRAKE = "brk_0000000000000000000001";
const RECEIPT = {
  id: "rcp_0000000000000000000001",
  brake: BRAKE,
  kind: "freeze",
  scope: { type: "all", value: "*" },
  requestedAt: "2026-11-22T02:00:00.000Z",
  settledAt: "2026-11-22T02:00:00.004Z",
  state: "stopped",
  points: [{ id: "ep_1", name: "mcp", how: "acknowledged", at: "2026-11-22T02:00:00.004Z", inFlight: [] }],
};

describe("freeze and sever", () => {
  let server: TestControlPlane;
  let test: TestCli;

  beforeEach(async () => {
    test = testCli();
    server = await startControlPlane(
      {
        "POST /v1/brakes": ({ body }) => ({ body: { ...RECEIPT, kind: body["kind"], scope: body["scope"] } }),
        "GET /v1/agents/coder": () => ({ body: { id: AGENT, name: "coder" } }),
        "GET /v1/humans": () => ({
          body: {
            humans: [
              { id: HUMAN, name: "Alice" },
              { id: "hum_2", name: "Bob" },
              { id: "hum_3", name: "Bob" },
            ],
          },
        }),
        "GET /v1/devices": () => ({ body: { devices: [{ id: "dev_0000000000000000000001", name: "laptop" }] } }),
      },
      join(test.surroundings.env.defaultDataDir, "control.sock"),
    );
  });
  afterEach(async () => await server.close());

  it("prints the receipt in one line, or as it came", async () => {
    const said = await test.run("freeze", "--all", "--reason", "code freeze");
    expect(said).toEqual({
      code: 0,
      stdout: `mcp stopped 4 ms · 0 calls cut · ${BRAKE} · thaw needs a passkey\n`,
      stderr: "",
    });
    const json = await test.run("freeze", "--all", "--reason", "code freeze", "--json");
    expect(JSON.parse(json.stdout)).toEqual(RECEIPT);
    expect(server.at("POST /v1/brakes")[0]).toMatchObject({
      local: true,
      body: { kind: "freeze", scope: { type: "all", value: "*" }, reason: "code freeze" },
    });
  });

  it.each([
    [["--agent", "coder"], { type: "agent", value: AGENT }],
    [["--agent", AGENT], { type: "agent", value: AGENT }],
    [["--owner", "Alice"], { type: "owner", value: HUMAN }],
    [["--owner", HUMAN], { type: "owner", value: HUMAN }],
    [["--device", "laptop"], { type: "device", value: "dev_0000000000000000000001" }],
    [["--task", "tsk_0000000000000000000001"], { type: "task", value: "tsk_0000000000000000000001" }],
    [["--resource", "file:/srv/**"], { type: "resource", value: "file:/srv/**" }],
  ])("%j means %j", async (flags, scope) => {
    expect((await test.run("sever", ...flags, "--reason", "x")).code).toBe(0);
    expect(server.at("POST /v1/brakes")[0]?.body).toEqual({ kind: "sever", scope, reason: "x" });
  });

  it.each([
    [["--reason", "x"], "say what to stop"],
    [["--all", "--task", "tsk_1", "--reason", "x"], "exactly one scope"],
    [["--agent", "a", "--owner", "b", "--reason", "x"], "exactly one scope"],
    [["--all"], "`--reason TEXT` is missing"],
  ])("%j is a usage error and stops nothing", async (flags, says) => {
    const { code, stderr } = await test.run("freeze", ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(server.asked).toEqual([]);
  });

  it.each([
    [["--agent", "nobody"], "no agent `nobody`"],
    [["--owner", "Carol"], "no human `Carol`"],
    [["--owner", "Bob"], "2 humans are called `Bob`: use an id (hum_2, hum_3)"],
    [["--owner", "me"], "nobody is signed in"],
  ])("%j names nobody, so nothing is stopped", async (flags, says) => {
    const { code, stderr } = await test.run("freeze", ...flags, "--reason", "x");
    expect(code).not.toBe(0);
    expect(stderr).toContain(says);
    expect(server.at("POST /v1/brakes")).toEqual([]);
  });

  it("names the tools that a stop of a resource does not see", async () => {
    const files = { name: "files", status: "active", tools: ["read", "walk"], resources: { read: "file:{path}" } };
    const gone = { ...files, name: "gone", status: "removed" };
    server.route({ "GET /v1/upstreams": () => ({ body: { upstreams: [files, gone] } }) });
    const said = await test.run("freeze", "--resource", "file:/srv/**", "--reason", "x");
    expect(said.code).toBe(0);
    expect(said.stderr).toMatch(/^not covered: files\/walk\. /);
    const whole = await test.run("freeze", "--resource", "mcp:files", "--reason", "x");
    expect(whole).toMatchObject({ code: 0, stderr: "" });
    const json = await test.run("freeze", "--resource", "file:/srv/**", "--reason", "x", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ brake: BRAKE });
    expect(JSON.parse(json.stderr)).toEqual({ event: "not_covered", tools: ["files/walk"] });
  });

  it("stops a resource though nothing can be said of what that leaves out", async () => {
    server.route({ "GET /v1/upstreams": () => ({ status: 503, body: {} }) });
    const said = await test.run("freeze", "--resource", "file:/srv/**", "--reason", "x");
    expect(said).toMatchObject({ code: 0, stderr: expect.stringContaining("tools without a resource mapping") });
  });

  it("waits until every point has confirmed", async () => {
    let asked = 0;
    server.route({
      "POST /v1/brakes": () => ({ status: 202, body: { id: BRAKE, state: "stopping" } }),
      [`GET /v1/brakes/${BRAKE}`]: () => {
        asked += 1;
        return { body: asked < 3 ? { id: BRAKE, state: "stopping" } : RECEIPT };
      },
    });
    expect(await test.run("freeze", "--all", "--reason", "x")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("mcp stopped"),
    });
  });

  it("is exit 1, and says so, when that does not come", async () => {
    server.route({
      "POST /v1/brakes": () => ({ status: 202, body: { id: BRAKE, state: "stopping" } }),
      [`GET /v1/brakes/${BRAKE}`]: () => ({ body: { id: BRAKE, state: "stopping" } }),
    });
    const { code, stdout } = await test.run("freeze", "--all", "--reason", "x");
    expect(code).toBe(1);
    expect(stdout).toContain("not confirmed yet");
  });

  it("tells on a terminal how far it is, and never more than was confirmed", async () => {
    await server.close();
    test = testCli({ isTTY: true });
    const waiting = { id: "ep_2", name: "far", how: null, at: null, inFlight: [] };
    let asked = 0;
    server = await startControlPlane(
      {
        "POST /v1/brakes": () => ({ status: 202, body: { id: BRAKE, state: "stopping" } }),
        [`GET /v1/brakes/${BRAKE}`]: () => {
          asked += 1;
          const body = { id: BRAKE, state: "stopping", points: [...RECEIPT.points, waiting] };
          return { body: asked < 3 ? body : RECEIPT };
        },
      },
      join(test.surroundings.env.defaultDataDir, "control.sock"),
    );
    const said = await test.run("freeze", "--all", "--reason", "x");
    expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining("mcp stopped") });
    expect(server.at("POST /v1/brakes")[0]?.body).toMatchObject({ wait: false });
    expect(said.stderr).toContain("stopping · requested");
    expect(said.stderr).toContain("confirmed by 1/2 · waiting for far");
    expect(said.stderr).not.toContain("2/2");
    expect(said.stderr.endsWith("\r\u001b[K")).toBe(true);
  });

  it("does not wait when it is told not to, and does not say that anything has stopped", async () => {
    server.route({ "POST /v1/brakes": () => ({ status: 202, body: { id: BRAKE, state: "stopping" } }) });
    const said = await test.run("freeze", "--all", "--reason", "x", "--no-wait");
    expect(said).toEqual({
      code: 0,
      stdout: `requested · ${BRAKE} · not confirmed yet: \`countersign status\`\n`,
      stderr: "",
    });
    expect(server.at("POST /v1/brakes")[0]?.body).toMatchObject({ wait: false });
    const json = await test.run("sever", "--all", "--reason", "x", "--no-wait", "--json");
    expect(JSON.parse(json.stdout)).toEqual({ id: BRAKE, state: "stopping" });
  });

  it.each([
    [["offboard", "Alice"], `POST /v1/humans/${HUMAN}/offboard`],
    [["device", "lost", "laptop"], "POST /v1/devices/dev_0000000000000000000001/lost"],
  ])("%j answers with the receipt of its stop", async (words, route) => {
    server.route({ [route]: () => ({ body: { ...RECEIPT, kind: "sever" } }) });
    const said = await test.run(...words, "--reason", "has left");
    expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining("mcp stopped 4 ms") });
    expect(server.at(route)[0]?.body).toEqual({ reason: "has left" });
    expect((await test.run(...words)).code).toBe(2);
    const refused = { code: "human.last_admin", detail: "let another one in first" };
    server.route({ [route]: () => ({ status: 409, body: refused }) });
    expect(await test.run(...words, "--reason", "x")).toMatchObject({ code: 1, stdout: "" });
  });

  it.each([
    [["agent", "reassign", "coder", "--owner", "Alice"], `POST /v1/agents/${AGENT}/reassign`],
    [["human", "reinstate", "Alice"], `POST /v1/humans/${HUMAN}/reinstate`],
  ])("%j only proposes: exit 4 with the page", async (words, route) => {
    server.route({ [route]: () => ({ status: 202, body: { approvalId: "apr_1", url: "http://x/approve/apr_1" } }) });
    const held = await test.run(...words, "--json");
    expect(held.code).toBe(4);
    expect(JSON.parse(held.stdout)).toEqual({ approvalId: "apr_1", url: "http://x/approve/apr_1" });
  });

  it("thaw only proposes: exit 4 with the page", async () => {
    server.route({
      [`POST /v1/brakes/${BRAKE}/thaw`]: () => ({
        status: 202,
        body: { approvalId: "apr_1", url: "http://x/approve/apr_1" },
      }),
    });
    const held = await test.run("thaw", BRAKE, "--json");
    expect(held.code).toBe(4);
    expect(JSON.parse(held.stdout)).toEqual({ approvalId: "apr_1", url: "http://x/approve/apr_1" });
    expect((await test.run("thaw", "everything")).code).toBe(2);
  });
});

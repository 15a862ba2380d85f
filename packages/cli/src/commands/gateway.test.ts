import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startControlPlane, type TestControlPlane } from "../testing/control-plane.ts";
import { testCli, type TestCli } from "../testing/test-cli.ts";

const TOKEN = {
  token: "csj1.joi_0000000000000000000001.AAAA.BBBB",
  name: "edge",
  expiresAt: "2026-11-22T12:10:00.000Z",
  server: "https://countersign.example",
};
const HELD = { approvalId: "apr_0000000000000000000001", url: "http://localhost/approve/apr_1", expiresAt: "x" };
const POINT = {
  id: "ep_0000000000000000000001",
  name: "edge",
  lease: "lost",
  place: "joined",
  status: "away",
  url: null,
  secrets: false,
};

describe("gateways", () => {
  let server: TestControlPlane;
  let test: TestCli;
  beforeEach(async () => {
    test = testCli();
    server = await startControlPlane(
      {
        "POST /v1/points/tokens": ({ body }) => ({ status: 201, body: { ...TOKEN, name: body["name"] } }),
        "GET /v1/points": () => ({ body: { points: [POINT] } }),
        "POST /v1/points/edge/remove": () => ({ body: { id: POINT.id, status: "removed" } }),
        "POST /v1/points/busy/remove": () => ({ body: { id: POINT.id, status: "leaving" } }),
        "POST /v1/points/edge/trust": () => ({ status: 202, body: HELD }),
      },
      join(test.surroundings.env.defaultDataDir, "control.sock"),
    );
  });
  afterEach(async () => await server.close());

  it("prints the whole line to type on the other machine, or the token as it came", async () => {
    const said = await test.run("gateway", "token", "--name", "edge");
    expect(said.code).toBe(0);
    expect(said.stdout).toContain(`\ncountersign gateway --server ${TOKEN.server} --join ${TOKEN.token}\n`);
    const json = await test.run("gateway", "token", "--name", "edge", "--json");
    expect(JSON.parse(json.stdout)).toEqual(TOKEN);
    expect(server.at("POST /v1/points/tokens")[0]).toMatchObject({ local: true, body: { name: "edge" } });
  });

  it("lists points with what they may", async () => {
    const { stdout } = await test.run("gateway", "list");
    expect(stdout).toMatch(/edge +away +lost +gateway +its own +- +ep_0000000000000000000001/);
    server.route({ "GET /v1/points": () => ({ body: { points: [{ ...POINT, place: "own", secrets: true }] } }) });
    expect((await test.run("gateway", "list")).stdout).toMatch(/this server +from the store/);
  });

  it("says whether a removed gateway may still hold a lease", async () => {
    expect((await test.run("gateway", "remove", "edge")).stdout).toBe("edge is removed\n");
    expect((await test.run("gateway", "remove", "busy")).stdout).toContain("its last lease ends within seconds");
    expect(await test.run("gateway", "remove", "nobody")).toMatchObject({ code: 1 });
  });

  it("asks for a signature before a gateway gets secrets", async () => {
    const said = await test.run("gateway", "trust", "edge", "--json");
    expect(said.code).toBe(4);
    expect(JSON.parse(said.stdout)).toEqual(HELD);
  });

  it.each([[["token"]], [["remove"]], [["trust"]], [["nothing"]]])("%j is a usage error", async (words) => {
    expect(await test.run("gateway", ...words)).toMatchObject({ code: 2 });
  });
});

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseCompact, thumbprint, verifyEvidence, verifyKeyProof } from "@countersign/credentials";
import type { PublicJwk } from "@countersign/core";
import { startControlPlane, type TestControlPlane } from "../testing/control-plane.ts";
import { NOW, testCli, type TestCli } from "../testing/test-cli.ts";

const APPROVAL = "apr_0000000000000000000001";
const URL = "https://cs.example/approve/apr_0000000000000000000001";
const SESSION = {
  id: "ses_0000000000000000000001",
  human: { id: "hum_0000000000000000000001", name: "Alice" },
  device: { id: "dev_0000000000000000000001", name: "box" },
  expiresAt: new Date(NOW + 43_200_000).toISOString(),
};

describe("login", () => {
  let server: TestControlPlane;
  let states: string[] = [];
  let test: TestCli;

  beforeEach(async () => {
    states = [];
    server = await startControlPlane({
      "POST /v1/session/requests": () => ({
        status: 201,
        body: { id: APPROVAL, url: URL, expiresAt: new Date(NOW + 900_000).toISOString() },
      }),
      [`GET /v1/session/requests/${APPROVAL}`]: () => {
        const state = states.shift() ?? "pending";
        return { body: state === "approved" ? { state, session: SESSION } : { state } };
      },
    });
    test = testCli({ env: { server: server.url } });
  });
  afterEach(async () => await server.close());

  const sessions = (): string[] => readdirSync(join(test.surroundings.env.configDir, "sessions"));

  it("sends proofs of both keys that name each other, and evidence of this very device", async () => {
    states = ["approved"];
    await test.run("login", "--json");
    const body = server.at("POST /v1/session/requests")[0]?.body as Record<
      "device" | "deviceProof" | "sessionProof" | "evidence",
      string
    >;
    const jkt = (proof: string): string => {
      const parsed = parseCompact(proof);
      if (!parsed.ok) throw new Error(parsed.code);
      return thumbprint(parsed.token.header["jwk"] as unknown as PublicJwk);
    };
    const [deviceJkt, sessionJkt] = [jkt(body.deviceProof), jkt(body.sessionProof)];
    const now = NOW;
    const device = verifyKeyProof(body.deviceProof, {
      purpose: "enroll",
      audience: server.url,
      nonce: sessionJkt,
      now,
    });
    expect(
      verifyKeyProof(body.sessionProof, { purpose: "session", audience: server.url, nonce: deviceJkt, now }),
    ).toMatchObject({ ok: true });
    expect(device).toMatchObject({ ok: true });
    if (!device.ok) return;
    expect(
      verifyEvidence(body.evidence, { device: body.device as `dev_${string}`, jwk: device.jwk, nonce: null, now }),
    ).toMatchObject({ ok: true });
    const poll = server.at(`GET /v1/session/requests/${APPROVAL}`)[0]?.headers["session-proof"] as string;
    expect(
      verifyKeyProof(poll, { purpose: "session-poll", audience: server.url, nonce: APPROVAL, now: NOW + 1000 }),
    ).toMatchObject({ ok: true, jkt: sessionJkt });
  });

  it("prints the link on stderr, one object on stdout, and keeps the session for its owner only", async () => {
    states = ["pending", "pending", "approved"];
    const { code, stdout, stderr } = await test.run("login", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      server: server.url,
      session: SESSION.id,
      human: SESSION.human,
      device: SESSION.device,
      expiresAt: SESSION.expiresAt,
    });
    expect(JSON.parse(stderr)).toMatchObject({ event: "sign_in", url: URL, approvalId: APPROVAL });
    expect(test.opened).toEqual([URL]);
    const [file, ...others] = sessions();
    expect(others).toEqual([]);
    const path = join(test.surroundings.env.configDir, "sessions", file ?? "");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
      id: SESSION.id,
      key: { kty: "OKP", d: expect.any(String) },
    });
    expect(`${stdout}${stderr}`).not.toContain(
      (JSON.parse(readFileSync(path, "utf8")) as { key: { d: string } }).key.d,
    );
  });

  it("says it in words to a person", async () => {
    states = ["approved"];
    const { stdout, stderr } = await test.run("login");
    expect(stdout).toBe("signed in as Alice on box, 12 h from now on\n");
    expect(stderr).toContain(`  ${URL}\n`);
  });

  it("with --no-wait answers held at once, and the next command takes the session up", async () => {
    const held = await test.run("login", "--no-wait", "--json");
    expect(held.code).toBe(4);
    expect(JSON.parse(held.stdout)).toMatchObject({ approvalId: APPROVAL, url: URL });
    const again = await test.run("login", "--no-wait", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ approvalId: APPROVAL });
    expect(server.at("POST /v1/session/requests")).toHaveLength(1);
    states = ["approved"];
    server.route({ "GET /v1/agents": () => ({ body: { agents: [] } }) });
    expect((await test.run("agent", "list")).code).toBe(0);
    expect(server.at("GET /v1/agents")[0]?.headers.authorization).toBe(`DPoP ${SESSION.id}`);
    expect(sessions()).toHaveLength(1);
  });

  it.each([
    ["denied", "the sign-in was denied"],
    ["expired", "the link ended"],
  ])("that was %s is exit 3, and is forgotten", async (state, says) => {
    states = ["pending", state];
    const { code, stdout, stderr } = await test.run("login");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain(says);
    expect(sessions()).toEqual([]);
  });

  it("ends when the link does", async () => {
    const { code, stderr } = await test.run("login");
    expect(code).toBe(3);
    expect(stderr).toContain("the link ended");
    expect(server.at(`GET /v1/session/requests/${APPROVAL}`).length).toBeGreaterThan(800);
  });

  it("makes a new request when the control plane forgot the old one", async () => {
    await test.run("login", "--no-wait");
    server.route({
      [`GET /v1/session/requests/${APPROVAL}`]: () => ({ status: 404, body: { code: "request.not_found" } }),
    });
    expect((await test.run("login", "--no-wait")).code).toBe(4);
    expect(server.at("POST /v1/session/requests")).toHaveLength(2);
  });

  it("keeps the device's key and id, and remembers a server that was named by a flag", async () => {
    states = ["approved", "approved"];
    await test.run("login", "--server", server.url);
    await test.run("login", "--server", server.url);
    const [first, second] = server.at("POST /v1/session/requests").map(({ body }) => body["device"]);
    expect(first).toBe(second);
    expect(JSON.parse(readFileSync(join(test.surroundings.env.configDir, "config.json"), "utf8"))).toEqual({
      server: server.url,
    });
  });

  it("passes a refusal on, and the way to a server that is down", async () => {
    server.route({
      "POST /v1/session/requests": () => ({
        status: 403,
        body: { code: "device.unhealthy", detail: "set a screen lock" },
      }),
    });
    const refused = await test.run("enroll", "--json");
    expect(refused.code).toBe(3);
    expect(JSON.parse(refused.stderr)).toMatchObject({ code: "device.unhealthy", detail: "set a screen lock" });
    const down = await test.run("login", "--server", "http://localhost:1", "--json");
    expect(down.code).toBe(1);
    expect(JSON.parse(down.stderr)).toMatchObject({
      code: "server.unreachable",
      detail: expect.stringContaining("countersign up"),
    });
  });
});

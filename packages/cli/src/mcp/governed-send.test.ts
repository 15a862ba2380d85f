import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError, type TaskId } from "@countersign/core";
import { accessTokenHash, generateSigningKey, NonceSource, ReplayMemory, verifyProof } from "@countersign/credentials";
import { SERVED_CAPABILITIES } from "@countersign/gateway";
import { createTransport, type Transport } from "../client/transport.ts";
import type { BridgeRequest, GatewayResponse, Send } from "../mcp-bridge/index.ts";
import { type Asked, startControlPlane, type TestControlPlane, type Told } from "../testing/control-plane.ts";
import { NOW, testCli } from "../testing/test-cli.ts";
import { createSend } from "./governed-send.ts";
import { refusalOf } from "./local-refusal.ts";
import type { Link, LiveTask, TaskLink } from "./task-link.ts";

const TASK: TaskId = "tsk_0000000000000000000001";
const NEXT: TaskId = "tsk_0000000000000000000002";
const PATH = "POST /mcp/files";
const MODERN = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const { random } = testCli().surroundings;

/** A link whose answers the test says; it keeps what it was told. */
class ScriptedLink implements Pick<TaskLink, "live" | "expired" | "ended"> {
  link: Link;
  readonly told: string[] = [];
  asks: boolean[] = [];
  onExpired: () => void = () => undefined;

  constructor(link: Link) {
    this.link = link;
  }
  async live(asks: boolean): Promise<Link> {
    this.asks.push(asks);
    return await Promise.resolve(this.link);
  }
  expired(task: LiveTask): void {
    this.told.push(`expired ${task.accessToken}`);
    this.onExpired();
  }
  ended(id: TaskId): void {
    this.told.push(`ended ${id}`);
  }
}

function posted(body: string, headers: Record<string, string> = {}): BridgeRequest {
  return { method: "POST", body, headers };
}

describe("createSend", () => {
  let gateway: TestControlPlane;
  let transport: Transport;
  let link: ScriptedLink;
  let send: Send;
  const key = generateSigningKey();
  const nobody: Link = {
    ok: false,
    refusal: refusalOf(new AppError("task.no_human"), { approvalId: "apr_1", url: "http://x/approve/apr_1" }),
  };
  const live = (id = TASK, accessToken = "token-1"): Link => ({
    ok: true,
    task: {
      id,
      key,
      gateway: gateway.url,
      accessToken,
      tls: null,
      endsAt: null,
      postgres: null,
      renewAt: NOW + 1e9,
      expiresAt: NOW + 1e9,
    },
  });

  beforeEach(async () => {
    gateway = await startControlPlane({ [PATH]: ({ body }) => ok(body["id"], { content: [] }) });
    transport = createTransport();
    link = new ScriptedLink(live());
    send = createSend({ link, transport, upstream: "files", now: () => NOW, random });
  });
  afterEach(async () => {
    transport.close();
    await gateway.close();
  });

  function ok(id: unknown, result: object): Told {
    return { body: { jsonrpc: "2.0", id, result } };
  }
  async function ask(
    message: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; type: string | null; text: string }> {
    const response: GatewayResponse = await send(
      posted(JSON.stringify({ jsonrpc: "2.0", ...message }), headers),
      new AbortController().signal,
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body ?? []) chunks.push(chunk);
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      text: Buffer.concat(chunks).toString("utf8"),
    };
  }
  const json = async (message: object): Promise<Record<string, unknown>> =>
    JSON.parse((await ask(message)).text) as Record<string, unknown>;
  const call = { id: 7, method: "tools/call", params: { name: "read", arguments: {} } };
  const modernCall = { ...call, params: { ...call.params, _meta: MODERN } };

  describe("with a task", () => {
    it("proves each request with the task's key, and learns the nonce once", async () => {
      const nonces = new NonceSource(random, NOW);
      const replay = new ReplayMemory();
      const check = ({ headers, body }: Asked): Told => {
        const [, token = ""] = (headers.authorization ?? "").split("DPoP ");
        const url = `${gateway.url}/mcp/files`;
        const proof = headers["dpop"] as string;
        const verified = verifyProof({
          proof,
          method: "POST",
          url,
          accessTokenHash: accessTokenHash(token),
          expectedJkt: key.jkt,
          nonces,
          replay,
          now: NOW,
        });
        if (verified.ok && token === "token-1") return ok(body["id"], { content: [] });
        const error = !verified.ok && verified.useNonce === true ? "use_dpop_nonce" : "invalid_token";
        return {
          status: 401,
          headers: { "dpop-nonce": nonces.current(NOW), "www-authenticate": `DPoP error="${error}"` },
          body: { code: "x" },
        };
      };
      gateway.route({ [PATH]: check });
      expect(await json(call)).toMatchObject({ id: 7, result: { content: [] } });
      expect(await json(call)).toMatchObject({ id: 7, result: { content: [] } });
      expect(gateway.asked).toHaveLength(3);
    });

    it("passes the headers of the protocol on, and a session only to the task that it belongs to", async () => {
      gateway.route({ [PATH]: ({ body }) => ({ ...ok(body["id"], {}), headers: { "mcp-session-id": "s1" } }) });
      await ask(
        { id: 1, method: "initialize" },
        { "mcp-protocol-version": "2025-11-25", accept: "application/json, text/event-stream" },
      );
      await ask(call, { "mcp-session-id": "s1" });
      link.link = live(NEXT);
      await ask(call, { "mcp-session-id": "s1" });
      await ask(call, { "mcp-session-id": "s1" });
      expect(gateway.asked.map(({ headers }) => headers["mcp-session-id"])).toEqual([undefined, "s1", undefined, "s1"]);
      expect(gateway.asked[0]?.headers).toMatchObject({
        "mcp-protocol-version": "2025-11-25",
        accept: "application/json, text/event-stream",
      });
    });

    it("gets a fresh token, once, when the gateway says that this one has ended", async () => {
      const expired: Told = { status: 401, body: { code: "credential.expired", decision: "deny", reason: "x" } };
      gateway.route({
        [PATH]: ({ headers, body }) => (headers.authorization === "DPoP token-2" ? ok(body["id"], {}) : expired),
      });
      link.onExpired = () => {
        link.link = live(TASK, "token-2");
      };
      expect(await json(call)).toMatchObject({ result: {} });
      expect(link.told).toEqual(["expired token-1"]);
      link.link = live(TASK, "token-3");
      link.onExpired = () => undefined;
      expect((await ask(call)).status).toBe(401);
      expect(gateway.asked).toHaveLength(4);
    });

    it.each([
      ["2025", call, {}],
      ["2026", modernCall, { resultType: "complete" }],
    ])("tells a call that was refused with HTTP 401 as a refused call (%s)", async (_, message, more) => {
      const D = {
        decision: "deny",
        step: "credential",
        code: "credential.not_bound",
        reason: "another key",
        policyIds: [],
        entry: "ent_1",
      };
      gateway.route({
        [PATH]: () => ({ status: 401, body: { type: "t", title: "t", status: 401, detail: "d", ...D } }),
      });
      const { result } = await json(message);
      expect(result).toMatchObject({
        isError: true,
        content: [{ text: expect.stringMatching(/^DENIED credential.not_bound: another key\. /) }],
        ...more,
      });
      expect((result as { _meta: Record<string, unknown> })._meta["dev.countersign/decision"]).toEqual(D);
      expect(await ask({ id: 1, method: "tools/list" })).toMatchObject({
        status: 401,
        type: "application/problem+json",
      });
    });

    it("notices that the task has ended, in an answer and in a stream", async () => {
      const D = { "dev.countersign/decision": { decision: "deny", code: "task.ended" } };
      gateway.route({ [PATH]: ({ body }) => ok(body["id"], { isError: true, _meta: D }) });
      await ask(call);
      const event = `event: message\ndata: ${JSON.stringify({ id: 7, result: { _meta: D } })}\n\n`;
      gateway.route({ [PATH]: () => ({ headers: { "content-type": "text/event-stream" }, body: event }) });
      expect(await ask(call)).toMatchObject({ type: "text/event-stream", text: event });
      expect(link.told).toEqual([`ended ${TASK}`, `ended ${TASK}`]);
    });

    it("refuses a call when the gateway is gone", async () => {
      link.link = {
        ok: true,
        task: { ...(live() as Extract<Link, { ok: true }>).task, gateway: "http://127.0.0.1:1" },
      };
      const { result } = await json(call);
      expect(result).toMatchObject({
        isError: true,
        content: [{ text: expect.stringMatching(/^DENIED server.unreachable/) }],
      });
    });

    it("rejects with the abort, so that the bridge can give the call up", async () => {
      const stop = new AbortController();
      gateway.route({ [PATH]: async () => (stop.abort(), await new Promise<Told>(() => undefined)) });
      await expect(send(posted(JSON.stringify({ jsonrpc: "2.0", ...call })), stop.signal)).rejects.toThrow("abort");
    });
  });

  describe("without a task", () => {
    beforeEach(() => {
      link.link = nobody;
    });

    it.each(["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])(
      "a client of %s comes up",
      async (protocolVersion) => {
        expect(await json({ id: 1, method: "initialize", params: { protocolVersion } })).toMatchObject({
          id: 1,
          result: {
            protocolVersion,
            capabilities: SERVED_CAPABILITIES,
            serverInfo: { name: "countersign" },
          },
        });
        expect(gateway.asked).toEqual([]);
      },
    );

    it("a client of another revision is offered one that is served", async () => {
      const { result } = await json({ id: 1, method: "initialize", params: { protocolVersion: "2019-01-01" } });
      expect(result).toMatchObject({ protocolVersion: "2025-11-25" });
    });

    it("a client of 2026-07-28 comes up", async () => {
      const { result } = await json({ id: 1, method: "server/discover", params: { _meta: MODERN } });
      expect(result).toMatchObject({
        supportedVersions: ["2026-07-28"],
        resultType: "complete",
        ttlMs: 0,
        cacheScope: "private",
      });
    });

    it("has empty lists, no streams and no sessions", async () => {
      const lists = {
        "resources/list": "resources",
        "resources/templates/list": "resourceTemplates",
        "prompts/list": "prompts",
      };
      for (const [method, member] of Object.entries(lists))
        expect(await json({ id: 1, method })).toMatchObject({ result: { [member]: [] } });
      for (const method of ["GET", "DELETE"] as const)
        expect(await send({ method, body: "", headers: {} }, new AbortController().signal)).toMatchObject({
          status: 405,
        });
      expect(gateway.asked).toEqual([]);
    });

    it("answers ping, takes notifications, and refuses the rest by name", async () => {
      expect(await json({ id: 1, method: "ping" })).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
      expect(await ask({ method: "notifications/initialized" })).toMatchObject({ status: 202, text: "" });
      expect(await json({ id: 2, method: "resources/read" })).toMatchObject({
        id: 2,
        error: { code: -32003, data: { code: "task.no_human" } },
      });
      expect((await ask({ result: {} })).status).toBe(202);
    });

    it("asks for a sign-in only when an agent wants to act", async () => {
      for (const method of ["initialize", "tools/list", "ping"]) await ask({ id: 1, method, params: {} });
      await ask(call);
      expect(link.asks).toEqual([false, false, false, true]);
    });

    it.each([
      ["2025", call, {}],
      ["2026", modernCall, { resultType: "complete" }],
    ])("refuses a call with the link (%s)", async (_, message, more) => {
      const { result } = await json(message);
      expect(result).toMatchObject({ isError: true, ...more });
      expect(result).toMatchObject({
        content: [{ text: expect.stringContaining("then call again: http://x/approve/apr_1") }],
      });
    });

    it("tells a client of the 2025 era, once, that there are tools now", async () => {
      expect(await json({ id: 1, method: "tools/list" })).toMatchObject({
        result: { tools: [{ name: "countersign_status" }] },
      });
      link.link = live();
      const first = await ask(call);
      expect(first.type).toBe("text/event-stream");
      expect(first.text).toMatch(
        /^event: message\ndata: .*prompts\/list_changed"}\n\nevent: message\ndata: .*"id":7.*\n\n$/s,
      );
      expect((await ask(call)).type).toBe("application/json");
    });

    it("does not say so when the client lists again by itself, nor in the 2026 era", async () => {
      await ask({ id: 1, method: "tools/list" });
      link.link = live();
      await ask({ id: 2, method: "tools/list" });
      expect((await ask(call)).type).toBe("application/json");
      link.link = nobody;
      await ask({ id: 1, method: "tools/list", params: { _meta: MODERN } });
      link.link = live();
      expect((await ask(modernCall)).type).toBe("application/json");
    });

    it("answers its own tool, refused or connected", async () => {
      const status = { id: 1, method: "tools/call", params: { name: "countersign_status" } };
      expect(await json(status)).toMatchObject({ result: { isError: true } });
      link.link = live();
      expect(await json(status)).toMatchObject({
        result: { content: [{ text: expect.stringContaining("Connected") }] },
      });
      expect(gateway.asked).toEqual([]);
    });

    it.each(["", "{", "[]", "null", '{"jsonrpc":"2.0","id":{},"method":"tools/call"}', '{"id":1,"method":5}'])(
      "survives %j",
      async (body) => {
        expect(await send(posted(body), new AbortController().signal)).toMatchObject({ status: 202, body: null });
      },
    );
  });
});

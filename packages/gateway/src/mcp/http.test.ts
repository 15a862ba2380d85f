import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { makeProof } from "@countersign/credentials";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dpopFetch } from "./testing/dpop-fetch.ts";
import { type Running, oddServer, runGateway } from "./testing/gateway.ts";
import type { Credential } from "./testing/permit-point.ts";
import { type Answer, answerOf, call, mirror, modern, post } from "./testing/raw.ts";

/** What comes to the gateway over HTTP, by the status that it is answered with. */
let running: Running;
let credential: Credential;
let url: string;
beforeAll(async () => {
  running = await runGateway({ odd: { command: oddServer() } });
  await running.pin("odd");
  credential = running.point.openTask();
  url = running.url("odd");
});
afterAll(async () => await running[Symbol.asyncDispose]());

const send = async (body: unknown, headers: Record<string, string> = {}, method = "POST"): Promise<Answer> =>
  await post(url, body, { credential, headers, method });
const decision = (answer: Answer): any => answer.json?.result?._meta?.["dev.countersign/decision"];

describe("200", () => {
  it("answers a call without a session as JSON", async () => {
    const answer = await send(call("echo", { b: 1, a: [2] }));
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.json).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: { content: [{ type: "text", text: '{"a":[2],"b":1}' }] },
    });
  });

  it("forwards canonical bytes, and of `_meta` only what belongs to the protocol", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const _meta = { traceparent, tracestate: "a=1", baggage: "secret=1", other: { x: 1 }, progressToken: "mine" };
    const answer = await send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "meta", _meta } });
    const seen = JSON.parse(answer.json.result.content[0].text);
    expect(seen).toEqual({ traceparent, tracestate: "a=1", progressToken: expect.any(Number) });
  });

  it("answers each method of its era, and ids as they came", async () => {
    const hello = await send({
      jsonrpc: "2.0",
      id: "a\u2028",
      method: "initialize",
      params: { protocolVersion: "2024-11-05" },
    });
    expect(hello.json).toMatchObject({
      id: "a\u2028",
      result: { protocolVersion: "2024-11-05", capabilities: { tools: {} } },
    });
    expect((await send({ jsonrpc: "2.0", id: 0, method: "ping" })).json).toEqual({ jsonrpc: "2.0", id: 0, result: {} });
    const found = await send(modern("server/discover"), mirror("server/discover"));
    expect(found.json.result).toMatchObject({
      resultType: "complete",
      supportedVersions: ["2026-07-28"],
      ttlMs: 0,
      cacheScope: "private",
    });
    const list = await send(modern("tools/list"), mirror("tools/list"));
    expect(list.json.result).toMatchObject({ resultType: "complete", ttlMs: 0, cacheScope: "private" });
  });

  it("offers the newest version that it knows to a client with another", async () => {
    const answer = await send({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2099-01-01" },
    });
    expect(answer.json.result.protocolVersion).toBe("2025-11-25");
  });

  it("refuses by name what is not carried: an action is recorded, a method is not", async () => {
    const action = await send({ jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri: "a:b" } });
    expect(action.json.error).toMatchObject({
      code: -32003,
      message: expect.stringContaining("resources/read"),
      data: { decision: "deny", code: "tool.unknown", entry: expect.stringMatching(/^ent_/) },
    });
    expect(running.point.recorded.at(-1)).toMatchObject({
      call: { action: "mcp:odd#resources/read" },
      outcome: "tool.unknown",
    });
    for (const method of ["tasks/get", "server/discover", "subscriptions/listen", "x"]) {
      const answer = await send({ jsonrpc: "2.0", id: 1, method, params: {} });
      expect(answer.json.error).toMatchObject({ code: -32601, message: expect.stringContaining(method) });
    }
    for (const method of ["ping", "resources/subscribe", "logging/setLevel"])
      expect((await send(modern(method), mirror(method))).status).toBe(404);
    const subscribe = { jsonrpc: "2.0", id: 1, method: "resources/subscribe", params: { uri: "a:b" } };
    expect((await send(subscribe)).json.error).toMatchObject({
      code: -32600,
      message: expect.stringContaining("session"),
    });
    const notice = await send({ jsonrpc: "2.0", method: "notifications/odd" });
    expect([notice.status, notice.json.error.message]).toEqual([400, expect.stringContaining("notifications/odd")]);
    expect((await send({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { cursor: "x" } })).json.error.code).toBe(
      -32602,
    );
  });

  it.each([
    ['{"a":1,"a":2}', "input.duplicate_key"],
    [`{"a":${"[".repeat(64)}${"]".repeat(64)}}`, "input.too_deep"],
    ['{"a":"\\ud800"}', "input.invalid_json"],
    ['{"a":9007199254740993}', "input.number_not_exact"],
    ['{"a":1e400}', "input.number_not_exact"],
    ["[]", "input.invalid_json"],
  ])("records and refuses a call with the arguments %.30s", async (args, code) => {
    const answer = await send(
      `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`,
    );
    expect(answer.json).toMatchObject({ id: 5, result: { isError: true } });
    expect(decision(answer)).toMatchObject({ decision: "deny", step: "input", code, entry: expect.any(String) });
    expect(running.point.recorded.at(-1)).toMatchObject({ call: { action: "mcp:odd/echo" }, outcome: code });
  });

  it("takes arguments up to the bound of depth, and refuses those beyond the bound of size in a way that names the call", async () => {
    expect(
      (await send(call("echo", JSON.parse(`{"a":${"[".repeat(63)}${"]".repeat(63)}}`)))).json.result.isError,
    ).toBeUndefined();
    const { argumentsBytes } = running.point.settingsNow.limits;
    expect(decision(await send(call("echo", { a: "x".repeat(argumentsBytes - 8) })))).toBeUndefined();
    expect(decision(await send(call("echo", { a: "x".repeat(argumentsBytes) })))).toMatchObject({
      code: "input.too_large",
    });
    expect(decision(await send(call("echo", { a: "x".repeat(3 * argumentsBytes) })))).toMatchObject({
      code: "input.too_large",
    });
  });
});

describe("202 and 204", () => {
  it("take notifications, and let a session end once", async () => {
    expect((await send({ jsonrpc: "2.0", method: "notifications/initialized" })).status).toBe(202);
    expect((await send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 9 } })).status).toBe(
      202,
    );
    // Nobody was asked anything.
    expect((await send({ jsonrpc: "2.0", id: 1, result: {} })).status).toBe(400);
    const begun = await send({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} });
    const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
    expect((await send({ jsonrpc: "2.0", id: 1, method: "ping" }, session)).status).toBe(200);
    expect((await send("", session, "DELETE")).status).toBe(204);
    expect((await send("", session, "DELETE")).status).toBe(404);
  });
});

describe("a cancelled call", () => {
  it("is answered with the end of its response, in its own session only", async () => {
    const begun = await send({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} });
    const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
    const sending = Promise.withResolvers<void>();
    running.point.beforeSend = () => Promise.resolve(sending.resolve());
    const hanging = send(call("hang", {}, 77), session);
    await sending.promise;
    running.point.beforeSend = () => Promise.resolve();
    const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 77 } };
    await send(cancelled);
    await send(cancelled, session);
    expect(await hanging).toMatchObject({ status: 200, json: null });
    expect(running.point.recorded.filter(({ outcome }) => outcome === "unobserved")).toHaveLength(1);
  });
});

describe("400", () => {
  it.each([
    ["not JSON", "{", -32700],
    ["nothing", "", -32700],
    ["a batch", [call("echo")], -32600],
    ["no JSON-RPC", {}, -32600],
    ["a broken notification", '{"jsonrpc":"2.0","method":"a","method":"b"}', -32700],
  ])("refuses a body that is %s", async (_, body, code) => {
    expect(await send(body)).toMatchObject({ status: 400, json: { error: { code } } });
  });

  it("refuses headers that do not say what the body says", async () => {
    const body = modern("tools/call", { name: "echo" });
    expect(await send(body, mirror("tools/call", "hang"))).toMatchObject({
      status: 400,
      json: { id: 1, error: { code: -32020 } },
    });
    expect(await send(body, { "mcp-protocol-version": "2026-07-28" })).toMatchObject({
      status: 400,
      json: { error: { code: -32020 } },
    });
    expect((await send(body, mirror("tools/call", "echo"))).status).toBe(200);
    const unsupported = { "mcp-protocol-version": "2020-01-01" };
    expect(await send(call("echo"), unsupported)).toMatchObject({ status: 400, json: { error: { code: -32000 } } });
  });
});

describe("401", () => {
  it("asks for a credential, and records the call that came without one", async () => {
    const before = running.point.recorded.length;
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(call("echo")),
    };
    const answer = await answerOf(await fetch(url, init));
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('DPoP algs="EdDSA ES256"');
    expect(answer.headers.get("dpop-nonce")).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json).toMatchObject({
      status: 401,
      code: "credential.missing",
      decision: "deny",
      entry: expect.stringMatching(/^ent_/),
    });
    expect(running.point.recorded.slice(before)).toMatchObject([
      { call: { action: "mcp:odd/echo" }, outcome: "credential.missing" },
    ]);
  });

  it("asks for the nonce first, without recording that", async () => {
    const before = running.point.recorded.length;
    const { key, token } = credential;
    const random = (length: number): Uint8Array => randomBytes(length);
    const dpop = makeProof({ key, method: "POST", url, accessToken: token, nonce: null, now: Date.now(), random });
    const headers = { "content-type": "application/json", authorization: `DPoP ${token}`, dpop };
    const answer = await answerOf(await fetch(url, { method: "POST", headers, body: JSON.stringify(call("echo")) }));
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^DPoP error="use_dpop_nonce", .*algs="EdDSA ES256"$/);
    expect(answer.headers.get("dpop-nonce")).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(running.point.recorded.length).toBe(before);
  });

  it("lets nobody else see anything: methods, broken bodies, sessions", async () => {
    for (const body of [JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize" }), "{", "[]"]) {
      const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
      expect(response.status).toBe(401);
      await response.body?.cancel();
    }
    expect((await fetch(url, { method: "DELETE" })).status).toBe(401);
  });
});

describe("403", () => {
  const status = async (extra: Record<string, string>): Promise<number | undefined> =>
    await new Promise((resolve, reject) => {
      const { port } = new URL(url);
      const headers = { "content-type": "application/json", ...extra };
      httpRequest({ port, host: "127.0.0.1", path: "/mcp/odd", method: "POST", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });

  it("keeps out other names and other pages", async () => {
    const { port } = new URL(url);
    expect(await status({ host: "evil.example" })).toBe(403);
    expect(await status({ host: `evil.example:${port}` })).toBe(403);
    expect(await status({ host: `localhost:${port}`, origin: "https://evil.example" })).toBe(403);
    expect(await status({ host: `localhost:${port}`, origin: "null" })).toBe(403);
    expect(await status({ host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(401);
    expect(await status({ host: `[::1]:${port}` })).toBe(401);
  });
});

describe("404", () => {
  it("knows no other path, upstream or session", async () => {
    for (const path of ["/", "/mcp", "/mcp/", "/mcp/a/b", "/mcp/..%2fodd", `/mcp/${"a".repeat(65)}`]) {
      expect((await fetch(new URL(path, url), { method: "POST" })).status).toBe(404);
    }
    const unknown = await post(running.url("nowhere"), call("echo"), { credential });
    expect(unknown).toMatchObject({
      status: 404,
      json: {
        code: "upstream.unknown",
        jsonrpc: "2.0",
        id: 1,
        error: { code: -32003, data: { code: "upstream.unknown" } },
      },
    });
    expect(unknown.headers.get("content-type")).toBe("application/problem+json");
    expect(
      (await post(running.url("nowhere"), { jsonrpc: "2.0", id: 1, method: "initialize" }, { credential })).status,
    ).toBe(404);
    expect(await send(call("echo"), { "mcp-session-id": "x" })).toMatchObject({
      status: 404,
      json: { error: { code: -32001 } },
    });
  });
});

describe("405, 406, 413, 415", () => {
  it("refuses other methods", async () => {
    for (const method of ["GET", "PUT", "PATCH", "OPTIONS"]) {
      const response = await fetch(url, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("POST, DELETE");
    }
  });

  it("refuses what no answer fits, what is no JSON, and what is too much", async () => {
    expect((await send(call("echo"), { accept: "text/html" })).status).toBe(406);
    expect((await send(call("echo"), { "content-type": "text/plain" })).status).toBe(415);
    const { argumentsBytes } = running.point.settingsNow.limits;
    expect((await send("x".repeat(argumentsBytes + 9 * 1024 * 1024))).status).toBe(413);
  });

  it("answers as a stream where only that is taken, and as JSON where only that is", async () => {
    const streamed = await send(call("echo"), { accept: "text/event-stream" });
    expect(streamed.headers.get("content-type")).toBe("text/event-stream");
    expect(streamed.json.result.content).toHaveLength(1);
    expect((await send(call("echo"), { accept: "application/json" })).headers.get("content-type")).toBe(
      "application/json",
    );
  });
});

describe("a call that takes long", () => {
  it("goes on as a stream that shows life, so that nothing on the way takes it for dead", async () => {
    await using patient = await runGateway({ odd: { command: oddServer() } }, { streamAfterMs: 1 });
    await patient.pin("odd");
    const controller = new AbortController();
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, signal: controller.signal, body: JSON.stringify(call("hang")) };
    const response = await dpopFetch(patient.point.openTask())(patient.url("odd"), init);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const first = await response.body?.getReader().read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe(": waiting\n\n");
    controller.abort();
  });
});

describe("429", () => {
  it("bounds what one task has under way", async () => {
    await using small = await runGateway({ odd: { command: oddServer() } }, { callsPerTask: 1 });
    await small.pin("odd");
    const one = small.point.openTask();
    const sending = Promise.withResolvers<void>();
    small.point.beforeSend = () => Promise.resolve(sending.resolve());
    const controller = new AbortController();
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, signal: controller.signal, body: JSON.stringify(call("hang")) };
    const first = dpopFetch(one)(small.url("odd"), init).catch(() => undefined);
    await sending.promise;
    const more = async (): Promise<number> => (await post(small.url("odd"), call("echo"), { credential: one })).status;
    expect(await more()).toBe(429);
    controller.abort();
    await first;
    await expect.poll(more).toBe(200);
  });
});

import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ListenBridge, startListenBridge } from "./listen-bridge.ts";
import { directSend } from "./testing/direct-send.ts";
import { type SdkServer, sdkServer } from "./testing/sdk-server.ts";

const random = (length: number): Uint8Array => randomBytes(length);
let server: SdkServer;
let bridge: ListenBridge;
beforeEach(async () => {
  server = await sdkServer();
  bridge = await startListenBridge({ host: "127.0.0.1", port: 0, send: directSend(server.url), random });
});
afterEach(async () => {
  await bridge.close();
  await server[Symbol.asyncDispose]();
});

describe("startListenBridge", () => {
  it.each(["auto", "legacy"] as const)("serves a client in mode %s", async (mode) => {
    expect(bridge.url).toMatch(/^http:\/\/localhost:\d+\/mcp\/[A-Za-z0-9_-]{22}$/);
    const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(bridge.url)));
    expect((await client.listTools()).tools).toHaveLength(5);
    const heard: number[] = [];
    await client.callTool({ name: "steps" }, { onprogress: ({ progress }) => heard.push(progress) });
    expect(heard).toEqual([1, 2, 3]);
    expect((await client.callTool({ name: "region", arguments: { region: "Zürich" } })).isError).not.toBe(true);
    const [part] = (await client.callTool({ name: "big", arguments: { bytes: 8_000_000 } })).content;
    expect(part?.type === "text" && part.text.length).toBe(8_000_000);
    server.seen.length = 0;
    const controller = new AbortController();
    const hang = client.callTool(
      { name: "hang" },
      { signal: controller.signal, onprogress: () => controller.abort("enough") },
    );
    await expect(hang).rejects.toThrow(/enough/);
    await expect.poll(() => server.seen).toContain("hang ended");
    await client.close();
  });

  it("keeps out whoever does not know the path, other names and other pages, and serves only what the protocol has", async () => {
    const { port, pathname } = new URL(bridge.url);
    const status = async (
      path: string,
      headers: Record<string, string>,
      method = "POST",
    ): Promise<number | undefined> =>
      await new Promise((resolve, reject) => {
        httpRequest(
          { port, host: "127.0.0.1", path, method, headers: { "content-type": "application/json", ...headers } },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        )
          .on("error", reject)
          .end(method === "POST" ? "{}" : undefined);
      });
    const host = `localhost:${port}`;
    expect(await status(`/mcp/${"A".repeat(22)}`, { host })).toBe(404);
    expect(await status("/mcp", { host })).toBe(404);
    expect(await status(pathname, { host: "evil.example" })).toBe(403);
    expect(await status(pathname, { host, origin: "https://evil.example" })).toBe(403);
    expect(await status(pathname, { host }, "PUT")).toBe(405);
    expect(await status(`/mcp/${"A".repeat(22)}`, { host }, "GET")).toBe(404);
    expect(await status(pathname, { host, origin: "https://evil.example" }, "DELETE")).toBe(403);
    expect(await status(pathname, { host, origin: `http://${host}` })).not.toBe(403);
  });

  it("opens the stream of a session, and ends the session", async () => {
    const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "legacy" } });
    const transport = new StreamableHTTPClientTransport(new URL(bridge.url));
    await client.connect(transport);
    const headers = {
      accept: "text/event-stream",
      "mcp-session-id": transport.sessionId ?? "",
      "last-event-id": "x-1",
    };
    const stream = await fetch(bridge.url, { headers });
    // The client itself has the one stream that its session may have.
    expect(stream.status).toBe(409);
    expect(server.requests.at(-1)).toMatchObject(headers);
    expect((await fetch(bridge.url, { method: "DELETE", headers })).status).toBe(200);
    await expect(client.listTools()).rejects.toThrow(/session/i);
    await client.close();
  });

  it("passes only what belongs to the protocol", async () => {
    const headers = {
      "content-type": "application/json",
      "mcp-method": "x",
      authorization: "Bearer mine",
      cookie: "a=b",
      "x-other": "1",
    };
    await fetch(bridge.url, { method: "POST", headers, body: "{}" });
    expect(server.requests.at(-1)).toMatchObject({ "mcp-method": "x" });
    for (const name of ["authorization", "cookie", "x-other"]) expect(server.requests.at(-1)).not.toHaveProperty(name);
  });

  it("does not send a client off to log in when the credential of the task fails", async () => {
    const refused = Response.json(
      { detail: "it has ended", decision: "deny", code: "credential.expired" },
      { status: 401, headers: { "content-type": "application/problem+json" } },
    );
    const own = await startListenBridge({ host: "127.0.0.1", port: 0, send: () => Promise.resolve(refused), random });
    const answer = await fetch(own.url, { method: "POST", body: '{"jsonrpc":"2.0","id":7,"method":"tools/list"}' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ id: 7, error: { code: -32003, message: "it has ended" } });
    await own.close();
  });

  it("says so when the gateway cannot be reached", async () => {
    const own = await startListenBridge({
      host: "127.0.0.1",
      port: 0,
      send: () => Promise.reject(new Error("down")),
      random,
    });
    const answer = await fetch(own.url, { method: "POST", body: '{"jsonrpc":"2.0","id":7,"method":"tools/list"}' });
    expect(await answer.json()).toMatchObject({ id: 7, error: { code: -32000 } });
    await own.close();
  });

  it("listens on loopback only, and not where another does", async () => {
    const send = directSend(server.url);
    await expect(startListenBridge({ host: "0.0.0.0", port: 0, send, random })).rejects.toMatchObject({
      code: "listen.unsafe",
    });
    const port = Number(new URL(bridge.url).port);
    await expect(startListenBridge({ host: "127.0.0.1", port, send, random })).rejects.toMatchObject({
      code: "listen.in_use",
    });
  });
});

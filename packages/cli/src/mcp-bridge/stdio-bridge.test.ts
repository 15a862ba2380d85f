import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Send } from "./send.ts";
import { startStdioBridge } from "./stdio-bridge.ts";
import { directSend } from "./testing/direct-send.ts";
import { type SdkServer, sdkServer } from "./testing/sdk-server.ts";

let server: SdkServer;
beforeAll(async () => {
  server = await sdkServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

async function client(mode: "auto" | "legacy"): Promise<Client> {
  const program = fileURLToPath(new URL("./testing/bridge-program.ts", import.meta.url));
  const made = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  await made.connect(
    new StdioClientTransport({ command: process.execPath, args: [program, server.url], stderr: "inherit" }),
  );
  return made;
}

/** The bridge within this process: lines in, lines out. */
function bridge(send: Send): { input: PassThrough; lines: string[]; done: Promise<void>; warned: string[] } {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const lines: string[] = [];
  const warned: string[] = [];
  let rest = "";
  output.on("data", (chunk) => {
    const parts = (rest + String(chunk)).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  const { done } = startStdioBridge({ input, output, send, log: { warn: (_, message) => void warned.push(message) } });
  return { input, lines, done, warned };
}
const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const line = (value: object): string => `${JSON.stringify({ jsonrpc: "2.0", ...value })}\n`;
const modern = (method: string, params: object = {}, id: number = 1): string =>
  line({ id, method, params: { ...params, _meta: meta } });

describe.each(["auto", "legacy"] as const)("a client in mode %s on a pipe", (mode) => {
  it("lists, calls, and gets large results", async () => {
    const pipe = await client(mode);
    expect(pipe.getNegotiatedProtocolVersion()).toBe(mode === "auto" ? "2026-07-28" : "2025-11-25");
    expect((await pipe.listTools()).tools.map(({ name }) => name)).toContain("region");
    expect((await pipe.callTool({ name: "echo", arguments: { a: "é\u2028\n" } })).content).toEqual([
      { type: "text", text: '{"a":"é\u2028\\n"}' },
    ]);
    const [part] = (await pipe.callTool({ name: "big", arguments: { bytes: 8_000_000 } })).content;
    expect(part?.type === "text" && part.text.length).toBe(8_000_000);
    expect((await pipe.callTool({ name: "region", arguments: { region: "Zürich" } })).isError).not.toBe(true);
    await pipe.close();
  });

  it("cancels", async () => {
    const pipe = await client(mode);
    server.seen.length = 0;
    const controller = new AbortController();
    const hang = pipe.callTool(
      { name: "hang" },
      { signal: controller.signal, onprogress: () => controller.abort("enough") },
    );
    await expect(hang).rejects.toThrow(/enough/);
    await expect.poll(() => server.seen).toContain("hang ended");
    await pipe.close();
  });
});

describe("startStdioBridge", () => {
  it("keeps the session and the version that a client of the 2025 era agreed on", async () => {
    const pipe = await client("legacy");
    await pipe.callTool({ name: "echo", arguments: {} });
    const kept = { "mcp-session-id": expect.stringMatching(/./), "mcp-protocol-version": "2025-11-25" };
    expect(server.requests.at(-1)).toMatchObject(kept);
    await pipe.close();
  });

  it("goes on with a server that was started anew", async () => {
    const pipe = await client("legacy");
    server.restart();
    expect((await pipe.callTool({ name: "echo", arguments: { a: 1 } })).content).toHaveLength(1);
    await pipe.close();
  });

  it("learns what a tool wants in headers when its client never listed the tools", async () => {
    const { input, lines } = bridge(directSend(server.url));
    input.write(modern("tools/call", { name: "region", arguments: { region: "eu" } }, 5));
    await expect.poll(() => lines.length).toBe(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ id: 5, result: { content: [{ text: '{"region":"eu"}' }] } });
    expect(server.requests.at(-1)).toMatchObject({
      "mcp-param-region": "eu",
      "mcp-name": "region",
      "mcp-method": "tools/call",
    });
    input.end();
  });

  it("passes the text of a message as it came: it is not for the bridge to mend", async () => {
    const bodies: string[] = [];
    const { input } = bridge(({ body }) => {
      bodies.push(body);
      return Promise.resolve(new Response(null, { status: 202 }));
    });
    const text = '{"jsonrpc":"2.0","id":1,"id":2,"method":"x","params":{"a":1.0,"a":2}}';
    input.write(`${text}\n\n`);
    await expect.poll(() => bodies).toEqual([text]);
  });

  const problem = (status: number, body: object): Response =>
    Response.json(body, { status, headers: { "content-type": "application/problem+json" } });
  it.each<[string, () => Response | Error, object]>([
    [
      "a refusal with D",
      () => problem(401, { title: "t", detail: "no credential", decision: "deny", code: "credential.expired" }),
      { code: -32003, message: "no credential", data: { code: "credential.expired" } },
    ],
    ["a problem", () => problem(429, { title: "too many" }), { code: -32000, message: "too many" }],
    [
      "an error of JSON-RPC",
      () => Response.json({ error: { code: -32600, message: "m" } }, { status: 400 }),
      { code: -32600, message: "m" },
    ],
    [
      "a page",
      () => new Response("<p>", { status: 502 }),
      { code: -32000, message: "the gateway answered with HTTP 502" },
    ],
    [
      "silence",
      () => new TypeError("fetch failed"),
      { code: -32000, message: expect.stringContaining("cannot be reached") },
    ],
  ])("turns what is no answer into an error of the call: %s", async (_, answer, error) => {
    const { input, lines } = bridge(() => {
      const given = answer();
      return given instanceof Error ? Promise.reject(given) : Promise.resolve(given);
    });
    input.write(line({ id: "a", method: "tools/call", params: {} }));
    await expect.poll(() => lines.length).toBe(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ jsonrpc: "2.0", id: "a", error });
  });

  it("hears what belongs to no request, and takes its stream up again behind the last event", async () => {
    const opened: (string | undefined)[] = [];
    const stream = (id: string, uri: string): Response => {
      const told = JSON.stringify({ jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri } });
      const headers = { "content-type": "text/event-stream" };
      return new Response(`id: ${id}\nevent: message\ndata: ${told}\n\n`, { headers });
    };
    const { input, lines } = bridge(({ method, headers }, signal) => {
      if (method === "POST") {
        const result = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "s", version: "1" } };
        return Promise.resolve(
          Response.json({ jsonrpc: "2.0", id: 1, result }, { headers: { "mcp-session-id": "one" } }),
        );
      }
      expect(headers).toMatchObject({ "mcp-session-id": "one", "mcp-protocol-version": "2025-11-25" });
      opened.push(headers["last-event-id"]);
      if (opened.length < 3) return Promise.resolve(stream(`s-${String(opened.length)}`, `a:${String(opened.length)}`));
      return new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
      );
    });
    input.write(line({ id: 1, method: "initialize", params: {} }));
    await expect.poll(() => opened, { timeout: 10_000 }).toEqual([undefined, "s-1", "s-2"]);
    expect(lines.slice(1).map((text) => (JSON.parse(text) as { params: object }).params)).toEqual([
      { uri: "a:1" },
      { uri: "a:2" },
    ]);
    input.end();
  });

  it("never answers an answer", async () => {
    let asked = 0;
    const { input, lines } = bridge(() => {
      asked += 1;
      return Promise.resolve(Response.json({ error: { code: -32600, message: "nothing was asked" } }, { status: 400 }));
    });
    input.write(line({ id: "q", result: {} }));
    await expect.poll(() => asked).toBe(1);
    input.write(line({ id: 2, method: "ping" }));
    await expect.poll(() => lines.length).toBe(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ id: 2, error: { code: -32600 } });
    input.end();
  });

  it("answers what is no JSON, and says nothing about notifications that fail", async () => {
    const { input, lines, warned } = bridge(() => Promise.reject(new Error("down")));
    input.write(line({ method: "notifications/initialized" }));
    input.write("{oops\n");
    await expect.poll(() => warned.length).toBe(1);
    expect(lines.map((text) => JSON.parse(text))).toMatchObject([{ id: null, error: { code: -32700 } }]);
  });

  it("gives up what is under way when its client leaves", async () => {
    const signals: AbortSignal[] = [];
    const { input, lines, done } = bridge(async (_, signal) => {
      signals.push(signal);
      return await new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error)),
      );
    });
    input.write(line({ id: 1, method: "tools/call", params: {} }));
    await expect.poll(() => signals.length).toBe(1);
    input.end();
    await done;
    expect(signals[0]?.aborted).toBe(true);
    expect(lines).toEqual([]);
  });

  it("relays progress, and then the answer", async () => {
    const { input, lines } = bridge(directSend(server.url));
    const params = { name: "steps", _meta: { ...meta, progressToken: "t" } };
    input.write(line({ id: 1, method: "tools/call", params }));
    await expect.poll(() => lines.length).toBe(4);
    const read = lines.map((text) => JSON.parse(text));
    expect(read.slice(0, 3).map(({ params: { progress, progressToken } }) => [progress, progressToken])).toEqual(
      [1, 2, 3].map((n) => [n, "t"]),
    );
    expect(read[3]).toMatchObject({ id: 1, result: { resultType: "complete" } });
    input.end();
  });

  it("writes the messages of a stream in order, one a line, however they are laid out", async () => {
    const events = 'event: message\ndata: {"a":\ndata: 1}\n\n: beat\n\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n';
    const headers = { "content-type": "text/event-stream" };
    const { input, lines } = bridge(() => Promise.resolve(new Response(events, { headers })));
    input.write(line({ id: 1, method: "tools/call", params: {} }));
    await expect.poll(() => lines).toEqual(['{"a": 1}', '{"jsonrpc":"2.0","id":1,"result":{}}']);
  });
});

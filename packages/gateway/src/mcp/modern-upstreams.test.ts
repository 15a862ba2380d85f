import { spawn } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { ERAS, sdkClient } from "./testing/clients.ts";
import { type Running, everythingProgram, modernServer, runGateway } from "./testing/gateway.ts";
import { modernHttp } from "./testing/modern-server.ts";
import type { Credential } from "./testing/permit-point.ts";
import { type Answer, call, mirror, modern, post } from "./testing/raw.ts";

/** Upstreams of the newest revision, over HTTP and pipes, and old ones over HTTP: clients of both eras reach them all. */
const text = ({ json }: Answer): string => json.result.content[0].text;
const code = ({ json }: Answer): string | undefined => json?.result?._meta?.["dev.countersign/decision"]?.code;

async function use(
  running: Running,
  credential: Credential,
  [name, args = {}]: readonly [string, object?],
): Promise<Answer> {
  return await post(running.url("up"), call(name, args), { credential });
}

describe.each(["http", "stdio"] as const)("a 2026 server over %s", (kind) => {
  it("serves clients of both eras, with progress and cancellation", async () => {
    await using http = await modernHttp();
    const terms = kind === "http" ? { url: http.url } : { command: modernServer() };
    await using running = await runGateway({ up: terms });
    await running.pin("up");
    for (const mode of ERAS) {
      const client = await sdkClient(running.url("up"), mode, running.point.openTask());
      const result = await client.callTool({ name: "echo", arguments: { b: 1, a: "é" } });
      expect(result.content).toEqual([{ type: "text", text: '{"a":"é","b":1}' }]);
      const controller = new AbortController();
      const slow = client.callTool(
        { name: "slow" },
        { signal: controller.signal, onprogress: () => controller.abort("enough") },
      );
      await expect(slow).rejects.toThrow(/enough/);
      const heard = (): string => (kind === "http" ? http.seen.join("\n") : JSON.stringify(running.log));
      await expect.poll(heard).toContain("aborted slow");
      http.seen.length = 0;
      running.log.length = 0;
      await client.close();
    }
  });

  it("notices that its tools changed", async () => {
    await using http = await modernHttp();
    const terms = kind === "http" ? { url: http.url } : { command: modernServer() };
    await using running = await runGateway({ up: terms });
    await running.pin("up");
    const credential = running.point.openTask();
    expect(text(await use(running, credential, ["echo"]))).toBe("{}");
    expect(code(await use(running, credential, ["change"]))).toBeUndefined();
    if (kind === "http") await post(running.url("up"), { jsonrpc: "2.0", id: 1, method: "tools/list" }, { credential });
    expect(code(await use(running, credential, ["echo"]))).toBe("tool.definition_changed");
  });

  it("is told nothing of what is ours, and refused what it asks of the user", async () => {
    await using http = await modernHttp();
    const terms = kind === "http" ? { url: http.url } : { command: modernServer() };
    await using running = await runGateway({ up: terms });
    await running.pin("up");
    const credential = running.point.openTask();
    expect(JSON.parse(text(await use(running, credential, ["meta"])))).toEqual({});
    const asked = await use(running, credential, ["ask"]);
    expect(asked.json.error.code).toBe(-32021);
    expect(running.point.recorded.at(-1)?.outcome).toBe("error");
  });
});

describe("a 2026 server over HTTP", () => {
  it("gets the headers that mirror the body, those of the tool's own too", async () => {
    await using http = await modernHttp();
    await using running = await runGateway({ up: { url: http.url } });
    await running.pin("up");
    const credential = running.point.openTask();
    http.requests.length = 0;
    expect(text(await use(running, credential, ["region", { region: "Zürich" }]))).toBe('{"region":"Zürich"}');
    expect(http.requests.at(-1)?.headers).toMatchObject({
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "region",
      "mcp-param-region": "=?base64?WsO8cmljaA==?=",
    });
    const body = modern("tools/call", { name: "region", arguments: { region: "eu" } });
    const send = async (headers: Record<string, string>): Promise<Answer> =>
      await post(running.url("up"), body, { credential, headers });
    expect(await send(mirror("tools/call", "region"))).toMatchObject({
      status: 400,
      json: { error: { code: -32020 } },
    });
    const right = { ...mirror("tools/call", "region"), "mcp-param-region": "eu" };
    expect(await send(right)).toMatchObject({ status: 200, json: { result: { resultType: "complete" } } });
    const client = await sdkClient(running.url("up"), "auto", credential);
    await client.listTools();
    expect((await client.callTool({ name: "region", arguments: { region: "eu" } })).isError).not.toBe(true);
    await client.close();
  });

  it("gets its connection back when a call is stopped before it was sent", async () => {
    await using http = await modernHttp();
    await using running = await runGateway({ up: { url: http.url } });
    await running.pin("up");
    const credential = running.point.openTask();
    expect(text(await use(running, credential, ["echo"]))).toBe("{}");
    await expect.poll(async () => await http.connections()).toBe(2);
    http.requests.length = 0;
    running.point.beforeSend = () => Promise.reject(new Error("stopped"));
    expect((await use(running, credential, ["echo"])).status).toBe(500);
    expect(http.requests).toEqual([]);
    await expect.poll(async () => await http.connections()).toBe(1);
  });

  it("gets the bearer token of its terms, and nobody else sees it", async () => {
    await using http = await modernHttp();
    const terms = { url: http.url, auth: { bearer: { fromEnv: "TOKEN" } } };
    await using running = await runGateway({ up: terms }, { environment: { TOKEN: "s3cret" } });
    await running.pin("up");
    const answer = await use(running, running.point.openTask(), ["meta"]);
    expect(http.requests.at(-1)?.headers).toMatchObject({ authorization: "Bearer s3cret" });
    expect(answer.text + JSON.stringify(running.log)).not.toContain("s3cret");
  });
});

describe("a 2025 server over HTTP", () => {
  it("keeps its session, is told to cancel, and is left properly", async () => {
    await using http = await modernHttp(true);
    await using running = await runGateway({ up: { url: http.url } });
    await running.pin("up");
    const credential = running.point.openTask();
    const client = await sdkClient(running.url("up"), "auto", credential);
    expect((await client.callTool({ name: "echo", arguments: {} })).content).toEqual([{ type: "text", text: "{}" }]);
    expect(http.requests.at(-1)?.headers).toMatchObject({
      "mcp-session-id": "session-2",
      "mcp-protocol-version": "2025-11-25",
    });
    const controller = new AbortController();
    const slow = client.callTool(
      { name: "slow" },
      { signal: controller.signal, onprogress: () => controller.abort("enough") },
    );
    await expect(slow).rejects.toThrow(/enough/);
    await expect.poll(() => http.seen).toContain("aborted slow");
    await client.close();
    running.point.endTask(credential);
    await expect.poll(() => http.requests.at(-1)?.method).toBe("DELETE");
  });

  it("that forgot its session is connected to anew", async () => {
    await using http = await modernHttp(true);
    await using running = await runGateway({ up: { url: http.url } });
    await running.pin("up");
    const credential = running.point.openTask();
    expect(text(await use(running, credential, ["echo"]))).toBe("{}");
    http.forgetSessions();
    expect(code(await use(running, credential, ["echo"]))).toBe("upstream.down");
    expect(text(await use(running, credential, ["echo"]))).toBe("{}");
  });

  it("is the official sample server, too", async () => {
    const port = await freePort();
    const [program = "", ...args] = everythingProgram("streamableHttp");
    const server = spawn(program, args, { env: { PORT: String(port), PATH: "/usr/bin:/bin" }, stdio: "ignore" });
    try {
      const url = `http://127.0.0.1:${String(port)}/mcp`;
      await using running = await runGateway({ up: { url } });
      await expect
        .poll(async () => await running.pin("up").then(() => "pinned", String), { timeout: 10_000 })
        .toBe("pinned");
      for (const mode of ERAS) {
        const client = await sdkClient(running.url("up"), mode, running.point.openTask());
        const heard: number[] = [];
        const params = { name: "trigger-long-running-operation", arguments: { duration: 0.1, steps: 2 } };
        await client.callTool(params, { onprogress: ({ progress }) => heard.push(progress) });
        expect(heard).toEqual([1, 2]);
        await client.close();
      }
    } finally {
      server.kill();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

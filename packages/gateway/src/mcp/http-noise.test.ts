import { connect } from "node:net";
import { once } from "node:events";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Running, oddServer, runGateway } from "./testing/gateway.ts";
import type { Credential } from "./testing/permit-point.ts";
import { type Answer, call, post } from "./testing/raw.ts";

/** What comes over HTTP and is no call, or does not end. */
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
describe("whatever comes", () => {
  it("is answered, never with 500, and the next call passes", async () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${json}}`),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (body) => {
        expect((await send(body)).status).toBeLessThan(500);
      }),
      { numRuns: 150 },
    );
    expect((await send(call("echo"))).status).toBe(200);
  });

  it("is cut off when it does not come to an end", async () => {
    await using hasty = await runGateway({}, { requestMs: 100 });
    for (const text of [
      "POST /mcp/x HTTP/1.1\r\nHost: ",
      "POST /mcp/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{",
    ]) {
      const socket = connect(hasty.gateway.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(text);
      socket.resume();
      await once(socket, "close");
    }
    expect((await send(call("echo"))).status).toBe(200);
  });

  it("is cut off when it is no HTTP or has too large a head", async () => {
    const { port } = new URL(url);
    for (const text of [
      "\u0016\u0003\u0001garbage\r\n\r\n",
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(40_000)}\r\n\r\n`,
    ]) {
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(text);
      socket.resume();
      await once(socket, "close");
    }
    expect((await send(call("echo"))).status).toBe(200);
  });
});

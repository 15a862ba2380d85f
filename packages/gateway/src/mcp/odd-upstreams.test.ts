import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dpopFetch } from "./testing/dpop-fetch.ts";
import { NODE, type Running, oddServer, runGateway } from "./testing/gateway.ts";
import { type Credential, terms } from "./testing/permit-point.ts";
import { type Answer, call, post } from "./testing/raw.ts";

/** Upstreams that are dead, slow, hostile or broken: a refusal with a code, within bounds, and everything else goes on. */
let running: Running;
let credential: Credential;
beforeAll(async () => {
  running = await runGateway(
    { odd: { command: oddServer() }, other: { command: oddServer() } },
    { answerBytes: 200_000, callMs: 1500 },
  );
  await running.pin("odd");
  await running.pin("other");
  credential = running.point.openTask();
});
afterAll(async () => await running[Symbol.asyncDispose]());

const use = async (tool: string, args: object = {}, as: Credential = credential): Promise<Answer> =>
  await post(running.url("odd"), call(tool, args), { credential: as });
const code = ({ json }: Answer): string | undefined => json?.result?._meta?.["dev.countersign/decision"]?.code;
const text = ({ json }: Answer): string => json.result.content[0].text;
const inspect = async (command: readonly string[], limits = {}): Promise<unknown> => {
  await using gateway = await runGateway({}, { probeMs: 300, ...limits });
  return await gateway.gateway.inspectUpstream("x", terms({ command }));
};

describe("an upstream that does not start well", () => {
  it.each([
    ["a program that there is not", ["/no/such/program"], "upstream.down"],
    ["a program that ends at once", [NODE, "-e", "process.exit(3)"], "upstream.down"],
    ["a program that talks of other things", oddServer("noise"), "upstream.garbage"],
    ["a program that says back what it hears", ["/bin/cat"], "upstream.garbage"],
    ["a handshake of garbage", oddServer("garbage-handshake"), "upstream.garbage"],
    ["a revision that nobody knows", oddServer("old"), "upstream.garbage"],
    ["no list of tools", oddServer("no-tools"), "upstream.garbage"],
    ["a list without end", oddServer("endless"), "upstream.garbage"],
  ])("is named: %s", async (_, command, expected) => {
    expect(await inspect(command)).toMatchObject({ ok: false, code: expected, reason: expect.stringMatching(/^\S/) });
  });

  it("is named: a program that says nothing", async () => {
    const silent = oddServer("silent");
    expect(await inspect(silent, { connectMs: 1000 })).toMatchObject({ ok: false, code: "upstream.timeout" });
  });

  it.each([
    ["one that prints a greeting", "banner"],
    ["one that ignores what it does not know", "ignores-unknown"],
    ["one that ends when it is asked what it does not know", "dies-when-asked"],
    ["one with several pages of tools", "pages"],
    ["one of the newest revision that is slow to say so", "slow-modern"],
  ])("is used all the same: %s", async (_, behaviour) => {
    expect(await inspect(oddServer(behaviour))).toMatchObject({ ok: true, tools: expect.any(Array) });
  });

  it("is told apart by what a connection needs", async () => {
    const { gateway } = running;
    expect(await gateway.inspectUpstream("x", terms({}))).toMatchObject({ code: "upstream.down" });
    expect(await gateway.inspectUpstream("x", terms({ url: "ftp://a" }))).toMatchObject({ code: "upstream.down" });
    expect(await gateway.inspectUpstream("x", terms({ url: "http://127.0.0.1:1/" }))).toMatchObject({
      code: "upstream.down",
    });
    const clear = terms({ url: "http://upstream.example/mcp", auth: { bearer: { fromEnv: "PATH" } } });
    expect(await gateway.inspectUpstream("x", clear)).toMatchObject({
      code: "upstream.down",
      reason: expect.stringContaining("https"),
    });
    const missing = terms({ command: [NODE], env: { TOKEN: { fromEnv: "COUNTERSIGN_TEST_NONE" } } });
    expect(await gateway.inspectUpstream("x", missing)).toMatchObject({
      code: "upstream.down",
      reason: expect.stringContaining("COUNTERSIGN_TEST_NONE"),
    });
  });
});

describe("an upstream that misbehaves in a call", () => {
  it.each([
    ["hang", {}, "upstream.timeout"],
    ["garbage", {}, "upstream.garbage"],
    ["notobject", {}, "upstream.garbage"],
    ["input", {}, "upstream.garbage"],
    ["die", {}, "upstream.down"],
    ["huge", { bytes: 300_000 }, "upstream.garbage"],
  ])("is refused by name and started anew: %s", async (tool, args, expected) => {
    const elsewhere = post(running.url("other"), call("echo"), { credential });
    expect(code(await use(tool, args))).toBe(expected);
    expect((await elsewhere).json.result.content).toHaveLength(1);
    expect(code(await use("echo"))).toBeUndefined();
  });

  it("is told when nobody waits any more", async () => {
    const controller = new AbortController();
    const sending = Promise.withResolvers<void>();
    running.point.beforeSend = () => Promise.resolve(sending.resolve());
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(call("hang")), signal: controller.signal };
    const hanging = dpopFetch(credential)(running.url("odd"), init).catch(() => "gone");
    await sending.promise;
    running.point.beforeSend = () => Promise.resolve();
    controller.abort();
    expect(await hanging).toBe("gone");
    await expect.poll(() => JSON.stringify(running.log)).toContain("cancelled ");
    expect(code(await use("echo"))).toBeUndefined();
  });

  it("may lay out its answer as it likes", async () => {
    const answer = await use("pretty");
    expect(answer.json.result).toEqual({ content: [], note: "a\nb" });
    const streamed = await post(running.url("odd"), call("pretty"), {
      credential,
      headers: { accept: "text/event-stream" },
    });
    expect(streamed.json.result).toEqual({ content: [], note: "a\nb" });
  });

  it("passes on its errors, but none in our name", async () => {
    expect((await use("error", { code: -32602 })).json.error).toEqual({ code: -32602, message: "no", data: { a: 1 } });
    expect((await use("error", { code: -32003 })).json.error).toEqual({ code: -32000, message: "no" });
    expect((await use("forge")).json.result).toEqual({ content: [], _meta: { kept: 1 } });
  });

  it("is refused by name what it asks of the client, and never waits for it", async () => {
    const expected = "sampling/createMessage -32601, elicitation/create -32601, roots/list -32601, ping ok";
    expect(text(await use("ask"))).toBe(expected);
  });
});

describe("definitions", () => {
  it("that are not the accepted ones are hidden and refused", async () => {
    const list = async (): Promise<string[]> =>
      (
        await post(running.url("odd"), { jsonrpc: "2.0", id: 1, method: "tools/list" }, { credential })
      ).json.result.tools.map(({ name }: { name: string }) => name);
    expect(await list()).not.toContain("bad name");
    expect((await list()).filter((name) => name === "countersign_wait")).toHaveLength(1);
    expect(code(await use("change"))).toBeUndefined();
    expect(await list()).toEqual(["countersign_wait"]);
    expect(code(await use("echo"))).toBe("tool.definition_changed");
    const fresh = running.point.openTask();
    expect(code(await use("echo", {}, fresh))).toBeUndefined();
    running.point.endTask(credential);
    credential = running.point.openTask();
  });

  it("that were never accepted permit nothing", async () => {
    running.point.putUpstream("raw", terms({ command: oddServer() }));
    const answer = await post(running.url("raw"), call("echo"), { credential });
    expect(code(answer)).toBe("tool.definition_changed");
  });

  it("that are others than the accepted ones are refused before anyone is asked", async () => {
    const { point } = running;
    point.putUpstream("moved", terms({ command: oddServer(), pins: { echo: "another" } }));
    let asked = 0;
    point.refuse = () => {
      asked += 1;
      return null;
    };
    const answer = await post(running.url("moved"), call("echo"), { credential });
    point.refuse = () => null;
    expect(code(answer)).toBe("tool.definition_changed");
    expect(asked).toBe(0);
  });

  it("that change between the decision and the sending stop the call", async () => {
    const { point } = running;
    const changed = await use("echo");
    expect(code(changed)).toBeUndefined();
    point.beforeSend = async () => {
      point.beforeSend = () => Promise.resolve();
      await use("change");
    };
    expect(code(await use("echo"))).toBe("upstream.garbage");
    point.endTask(credential);
    credential = point.openTask();
  });
});

describe("processes", () => {
  // What was killed stays in the table of processes until its parent looks; that parent may be anyone.
  const alive = (pid: number): boolean => {
    try {
      return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${String(pid)}/stat`, "utf8"));
    } catch {
      return false;
    }
  };

  it("end with their task, with all that they started, even when they do not want to", async () => {
    running.point.putUpstream("stubborn", terms({ command: oddServer("good", "stubborn") }));
    await running.pin("stubborn");
    const task = running.point.openTask();
    const pid = Number(text(await post(running.url("stubborn"), call("child"), { credential: task })));
    const own = JSON.parse(text(await post(running.url("stubborn"), call("env"), { credential: task }))) as Record<
      string,
      string
    >;
    expect(Object.keys(own).toSorted()).toEqual(["PATH"]);
    expect(alive(pid)).toBe(true);
    running.point.endTask(task);
    await expect.poll(() => alive(pid), { timeout: 10_000 }).toBe(false);
    const answer = await post(
      running.url("stubborn"),
      { jsonrpc: "2.0", id: 1, method: "tools/list" },
      { credential: task },
    );
    expect(answer.json.error).toMatchObject({ code: -32003, data: { code: "task.ended" } });
  });

  it("end when their upstream is removed, and when the gateway stops", async () => {
    const pid = Number(text(await post(running.url("other"), call("child"), { credential })));
    running.point.putUpstream("other", terms({ command: oddServer() }), "removed");
    await expect.poll(() => alive(pid), { timeout: 10_000 }).toBe(false);
    const own = await runGateway({ odd: { command: oddServer() } });
    await own.pin("odd");
    const child = Number(text(await post(own.url("odd"), call("child"), { credential: own.point.openTask() })));
    await own.gateway.close();
    await expect.poll(() => alive(child)).toBe(false);
  });

  it("that nobody uses are closed", async () => {
    await using idle = await runGateway({ odd: { command: oddServer() } }, { idleMs: 100 });
    await idle.pin("odd");
    const pid = Number(text(await post(idle.url("odd"), call("child"), { credential: idle.point.openTask() })));
    await expect.poll(() => alive(pid), { timeout: 10_000 }).toBe(false);
  });

  it("get the secrets that their terms name, and the log does not", async () => {
    const file = join(tmpdir(), `countersign-secret-${String(process.pid)}`);
    await writeFile(file, "s3cret-file\n");
    const env = {
      TOKEN: { fromEnv: "GIVEN" },
      FILE: { fromFile: file },
      COMMAND: { fromCommand: ["/bin/echo", "s3cret-command"] },
      PLAIN: "plain",
    };
    await using own = await runGateway(
      { odd: { command: oddServer("secret"), env } },
      { environment: { GIVEN: "s3cret-env", OTHER: "not theirs" } },
    );
    await own.pin("odd");
    const answer = await post(own.url("odd"), call("env"), { credential: own.point.openTask() });
    const seen = JSON.parse(text(answer)) as Record<string, string>;
    expect(seen).toMatchObject({ TOKEN: "s3cret-env", FILE: "s3cret-file", COMMAND: "s3cret-command", PLAIN: "plain" });
    expect(seen).not.toHaveProperty("OTHER");
    await expect.poll(() => JSON.stringify(own.log)).toContain("my token is [secret]");
    expect(JSON.stringify(own.log)).not.toContain("s3cret");
    await rm(file);
  });
});

describe("an HTTP upstream that misbehaves", () => {
  const body = (answer: (message: any) => unknown) => (message: any) => ({ json: JSON.stringify(answer(message)) });
  type Behaviour = (message: any) => {
    status?: number;
    type?: string;
    json?: string;
    headers?: Record<string, string>;
    hang?: boolean;
  };
  const good: Behaviour = body(({ id, method }) => {
    if (method === "server/discover") return { jsonrpc: "2.0", id, error: { code: -32601, message: "no" } };
    if (method === "initialize")
      return { jsonrpc: "2.0", id, result: { protocolVersion: "2025-11-25", capabilities: {} } };
    return {
      jsonrpc: "2.0",
      id,
      result: { tools: [{ name: "t", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } }] },
    };
  });

  async function call1(behaviour: Behaviour, accept = "application/json"): Promise<string | undefined> {
    const http = createServer((request, response) => {
      let raw = "";
      request.on("data", (chunk) => (raw += String(chunk)));
      request.on("end", () => {
        const message = raw === "" ? {} : JSON.parse(raw);
        const answer = message.method === "tools/call" ? behaviour(message) : good(message);
        if (answer.hang === true) return;
        response.writeHead(message.id === undefined ? 202 : (answer.status ?? 200), {
          "content-type": answer.type ?? "application/json",
          ...answer.headers,
        });
        response.end(message.id === undefined ? undefined : answer.json);
      });
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${String((http.address() as AddressInfo).port)}/mcp`;
    await using own = await runGateway({ web: { url } }, { callMs: 500, answerBytes: 10_000 });
    await own.pin("web");
    const answer = await post(own.url("web"), call("t"), { credential: own.point.openTask(), headers: { accept } });
    http.closeAllConnections();
    http.close();
    return code(answer) ?? (answer.json.error === undefined ? "ok" : `error ${String(answer.json.error.code)}`);
  }
  it("may lay out its answer on many lines, even for a client that takes it as a stream", async () => {
    const pretty: Behaviour = (message) => ({
      json: JSON.stringify(result(message), null, 2).replaceAll("\n", "\r\n"),
    });
    expect(await call1(pretty, "text/event-stream")).toBe("ok");
  });

  const result = ({ id }: { id: number }): object => ({ jsonrpc: "2.0", id, result: { content: [] } });

  it.each<[string, Behaviour, string]>([
    ["answers", body(result), "ok"],
    [
      "answers as a stream",
      (m) => ({ type: "text/event-stream", json: `data: ${JSON.stringify(result(m))}\n\n` }),
      "ok",
    ],
    [
      "answers an error with HTTP 400",
      (m) => ({
        status: 400,
        json: JSON.stringify({ jsonrpc: "2.0", id: m.id, error: { code: -32602, message: "m" } }),
      }),
      "error -32602",
    ],
    [
      "answers an error for nobody",
      () => ({ json: JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32700, message: "m" } }) }),
      "error -32700",
    ],
    ["says nothing", () => ({ hang: true }), "upstream.timeout"],
    ["answers garbage", () => ({ json: "{oops" }), "upstream.garbage"],
    ["answers another call", body((m) => result({ id: m.id + 1 })), "upstream.garbage"],
    ["answers in HTML", () => ({ type: "text/html", json: "<p>" }), "upstream.garbage"],
    ["redirects", () => ({ status: 307, headers: { location: "http://127.0.0.1:1/" } }), "upstream.garbage"],
    ["refuses our credential", () => ({ status: 401, json: "{}" }), "upstream.down"],
    ["fails", () => ({ status: 503, type: "text/plain", json: "no" }), "upstream.down"],
    ["ends its stream too early", () => ({ type: "text/event-stream", json: ": hi\n\n" }), "upstream.down"],
    ["accepts and forgets", () => ({ status: 202, type: "text/plain" }), "upstream.garbage"],
    [
      "sends too much",
      (m) => ({ json: JSON.stringify({ ...result(m), pad: "x".repeat(20_000) }) }),
      "upstream.garbage",
    ],
    [
      "streams too much",
      (m) => ({
        type: "text/event-stream",
        json: `data: ${JSON.stringify({ ...result(m), pad: "x".repeat(20_000) })}\n\n`,
      }),
      "upstream.garbage",
    ],
  ])("is told by its code: %s", async (_, behaviour, expected) => {
    expect(await call1(behaviour)).toBe(expected);
  });
});

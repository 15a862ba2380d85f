import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type McpGateway, startMcpGateway } from "./start-gateway.ts";
import { dpopFetch } from "./testing/dpop-fetch.ts";
import { type Enforced, enforcedPoint } from "./testing/enforced-point.ts";
import { EventStream } from "./testing/event-stream.ts";
import { askingServer } from "./testing/gateway.ts";
import { terms } from "./testing/permit-point.ts";
import { mirror, modern, post } from "./testing/raw.ts";

/** What an upstream of 2025 asks the agent's client, on the real enforcement point; only the upstream is a double. */
let enforced: Enforced;
let gateway: McpGateway;
let url: string;
const log: string[] = [];
const ACCEPT = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const OFFERED = { elicitation: { form: {}, url: {} }, roots: {} };
const NAME = { action: "accept", content: { name: "Ada" } };

beforeEach(async () => {
  enforced = await enforcedPoint();
  log.length = 0;
  const note = (fields: object, message: string): void => void log.push(`${message} ${JSON.stringify(fields)}`);
  const { point } = enforced;
  const options = { publicUrl: null, environment: {}, log: { debug: note, warn: note, error: note } };
  const limits = { parkedPerTask: 2, resumeMs: 5000 };
  gateway = await startMcpGateway({ point, listen: { host: "127.0.0.1", port: 0 }, ...options, limits });
  const parts = terms({ command: askingServer() });
  const inspected = await gateway.inspectUpstream("asking", parts);
  const pins = inspected.ok ? Object.fromEntries(inspected.tools.map(({ name, hash }) => [name, hash])) : {};
  enforced.put("upstream", "asking", { ...parts, pins });
  url = `${gateway.url}/mcp/asking`;
});
afterEach(async () => {
  await gateway.close();
  await enforced.point.stop();
});

const said = (): string => log.join("\n");
const kinds = (): unknown[] =>
  enforced.control.entries.map(({ kind, decision, outcome }) => [kind, decision?.result ?? outcome?.status]);

/** A client of 2026: each round is a request. */
async function round(tool: string, more: object = {}, capabilities: object = OFFERED): Promise<any> {
  const envelope = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": capabilities,
  };
  const message = modern("tools/call", { name: tool, arguments: {}, ...more }) as { params: object };
  const body = { ...message, params: { ...message.params, _meta: envelope } };
  const answer = await post(url, body, { credential: enforced.credential, headers: mirror("tools/call", tool) });
  return answer.json.result ?? answer.json.error ?? answer.json;
}

/** A client of 2025, in a session. */
async function session(version = "2025-11-25", capabilities: object = OFFERED): Promise<Session> {
  const fetch = dpopFetch(enforced.credential);
  const params = { protocolVersion: version, capabilities, clientInfo: { name: "c", version: "1" } };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params });
  const begun = await fetch(url, { method: "POST", headers: ACCEPT, body });
  await begun.text();
  const id = begun.headers.get("mcp-session-id") ?? "";
  const headers = { ...ACCEPT, "mcp-session-id": id, "mcp-protocol-version": version };
  const send = async (message: object): Promise<Response> =>
    await fetch(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
  return {
    send,
    call: async (name, args = {}) =>
      new EventStream(await send({ id: 1, method: "tools/call", params: { name, arguments: args } })),
    resume: async (lastEventId) => await fetch(url, { headers: { ...headers, "last-event-id": lastEventId } }),
  };
}
interface Session {
  readonly send: (message: object) => Promise<Response>;
  readonly call: (tool: string, args?: object) => Promise<EventStream>;
  readonly resume: (lastEventId: string) => Promise<Response>;
}
const textOf = (result: any): string => result?.content?.[0]?.text ?? JSON.stringify(result);

describe("a question of an upstream", () => {
  it("reaches a client of 2025 while its call waits, says who asks, and is part of the outcome", async () => {
    const client = await session();
    const stream = await client.call("name", { message: "your name?\u001b[2K" });
    const { message: question } = (await stream.next()) ?? {};
    expect(question).toMatchObject({ method: "elicitation/create", id: expect.stringMatching(/^countersign-/) });
    expect(question.params.message).toBe("Asked by the server `asking`, not by Countersign: your name?\\u{1b}[2K");
    expect((await client.send({ id: question.id, result: NAME })).status).toBe(202);
    expect((await client.send({ id: question.id, result: NAME })).status).toBe(400);
    expect(textOf((await stream.next())?.message.result)).toBe(JSON.stringify(NAME));
    expect(kinds()).toEqual([
      ["action.intent", "permit"],
      ["action.outcome", "ok"],
    ]);
    const asked = [{ method: "elicitation/create", answerBytes: JSON.stringify(NAME).length }];
    expect(enforced.control.entries[1]?.cause).toMatchObject({ asked });
  });

  it("parks the call of a client of 2026, which comes back with the answer", async () => {
    const asked = await round("name");
    expect(asked).toMatchObject({ resultType: "input_required", requestState: expect.stringMatching(/^cs1\./) });
    const [key = ""] = Object.keys(asked.inputRequests);
    const { requestState } = asked;
    expect(kinds()).toEqual([["action.intent", "permit"]]);
    const answered = await round("name", { inputResponses: { [key]: NAME }, requestState });
    expect(textOf(answered)).toBe(JSON.stringify(NAME));
    expect(kinds()).toHaveLength(2);
  });

  it("is asked again while it is not answered, and no more after a no", async () => {
    const asked = await round("nag");
    const again = await round("nag", { inputResponses: { other: NAME }, requestState: asked.requestState });
    expect(Object.keys(again.inputRequests)).toEqual(Object.keys(asked.inputRequests));
    const [key = ""] = Object.keys(again.inputRequests);
    const old = { inputResponses: { [key]: NAME }, requestState: asked.requestState };
    expect(await round("nag", old)).toMatchObject({ code: -32602 });
    const no = { inputResponses: { [key]: { action: "decline" } }, requestState: again.requestState };
    expect(textOf(await round("nag", no))).toBe('[{"action":"decline"},{"action":"decline"}]');
  });

  it("is refused when the client offers no such thing, or nobody called", async () => {
    expect(textOf(await round("sample"))).toBe("-32601");
    expect(said()).toContain('capabilities {\\"elicitation\\":{\\"form\\":{},\\"url\\":{}},\\"roots\\":{}}');
    expect(textOf(await round("name", {}, {}))).toBe("-32601");
    expect(textOf(await round("after"))).toBe('"later"');
    await expect.poll(said).toContain("answered after -32601");
  });

  it("that its upstream does not wait for keeps no client waiting, and is part of the outcome all the same", async () => {
    for (let times = 0; times < 20; times += 1) {
      let result = await round("hasty");
      if (result.resultType === "input_required") {
        const inputResponses = Object.fromEntries(Object.keys(result.inputRequests).map((key) => [key, NAME]));
        result = await round("hasty", { inputResponses, requestState: result.requestState });
      }
      expect(textOf(result)).toBe('"done"');
    }
    const client = await session();
    const stream = await client.call("hasty");
    let last = await stream.next();
    while (last?.message.method !== undefined) last = await stream.next();
    expect(textOf(last?.message.result)).toBe('"done"');
    const asked = [{ method: "elicitation/create", answer: null }];
    expect(enforced.control.entries.at(-1)?.cause).toMatchObject({ asked });
  });

  it("leads to no page of ours", async () => {
    const own = await round("link", { arguments: { url: "http://localhost:7330/approve/apr_1" } });
    expect(textOf(own)).toBe("-32602");
    const ours = await round("links", { arguments: { url: "http://localhost:7330/approve/apr_1" } });
    expect(ours).toMatchObject({ code: -32042, data: { elicitations: [] } });
    const { data } = await round("links", { arguments: { url: "https://pay.example/1" } });
    const message = "Asked by the server `asking`, not by Countersign: pay";
    expect(data).toEqual({
      elicitations: [{ mode: "url", message, url: "https://pay.example/1", elicitationId: "e1" }],
    });
    const other = await round("link", { arguments: { url: "https://pay.example/1" } });
    const [question] = Object.values(other.inputRequests) as { params: object }[];
    expect(question?.params).toEqual({ mode: "url", message: expect.any(String), url: "https://pay.example/1" });
  });

  it("has an id of its own, and comes in bounded number", async () => {
    const asked = await round("same");
    expect(Object.keys(asked.inputRequests)).toHaveLength(1);
    await expect.poll(said).toContain("answered one -32600");
    const many = await round("many", { arguments: { count: 40 } });
    expect(Object.keys(many.inputRequests).length).toBeLessThanOrEqual(32);
  });

  it("lets an upstream flood nobody: a bounded part of its words is passed on", async () => {
    const client = await session();
    const stream = await client.call("flood", { count: 12_000 });
    let notices = 0;
    let last: any = null;
    for (let event = await stream.next(); event !== null; event = await stream.next()) {
      if (event.message.method === undefined) last = event.message;
      else notices += 1;
    }
    expect(textOf(last.result)).toBe('"flooded"');
    expect(notices).toBeLessThanOrEqual(10_000);
  });
});

describe("the state that a client brings back", () => {
  it("is good once, for its own call and task", async () => {
    const asked = await round("name");
    const { requestState } = asked;
    const [key = ""] = Object.keys(asked.inputRequests);
    const inputResponses = { [key]: NAME };
    const forged = requestState.replace(/.$/, (last: string) => (last === "A" ? "B" : "A"));
    const elsewhere = { inputResponses, requestState, arguments: { message: "another" } };
    const refused = { code: -32602, data: { decision: "deny", code: "input.invalid_json" } };
    expect(await round("name", { inputResponses, requestState: forged })).toMatchObject(refused);
    expect(await round("name", elsewhere)).toMatchObject(refused);
    const other = enforced.anotherTask();
    const message = { name: "name", arguments: {}, inputResponses, requestState };
    const stolen = await post(url, modern("tools/call", message), {
      credential: other,
      headers: mirror("tools/call", "name"),
    });
    expect(stolen.json.error).toMatchObject(refused);
    expect(textOf(await round("name", { inputResponses, requestState }))).toBe(JSON.stringify(NAME));
    expect(await round("name", { inputResponses, requestState })).toMatchObject(refused);
    expect(said().match(/answered q1/g)).toHaveLength(1);
  });

  it("is of a bounded number of calls, and ends with the task", async () => {
    const [one, two] = [await round("name"), await round("roots")];
    expect(two).toMatchObject({ resultType: "input_required" });
    expect(await round("name", { arguments: { message: "third" } })).toMatchObject({ code: -32000 });
    enforced.endTask();
    const [key = ""] = Object.keys(one.inputRequests);
    const late = await round("name", { inputResponses: { [key]: NAME }, requestState: one.requestState });
    expect(late).toMatchObject({ data: { decision: "deny" } });
    expect(said()).not.toContain("Ada");
  });
});

describe("a freeze between a question and its answer", () => {
  it("lets no byte of a client of 2025 go upstream", async () => {
    const client = await session();
    const stream = await client.call("name");
    const { message: question } = (await stream.next()) ?? {};
    const acknowledged = await enforced.freeze();
    expect(acknowledged.inFlight).toEqual([expect.objectContaining({ disposition: "unknown" })]);
    await client.send({ id: question.id, result: NAME });
    // Our own word that the question is taken back, then the refusal.
    expect((await stream.next())?.message).toMatchObject({ method: "notifications/cancelled" });
    expect(textOf((await stream.next())?.message.result)).toContain("brake.frozen");
    await gateway.close();
    expect(said()).not.toContain("answered");
    expect(said()).toContain("cancelled");
  });

  it("lets no byte of a client of 2026 go upstream, and says so when it comes back", async () => {
    const asked = await round("name");
    const [key = ""] = Object.keys(asked.inputRequests);
    await enforced.freeze();
    const late = await round("name", { inputResponses: { [key]: NAME }, requestState: asked.requestState });
    expect(JSON.stringify(late)).toContain("brake.frozen");
    await gateway.close();
    expect(said()).not.toContain("answered");
  });
});

describe("a stream that broke off", () => {
  it("is taken up behind the last event, with the question that was missed and then the answer", async () => {
    const client = await session();
    const broken = await client.call("name");
    const first = await broken.next();
    await broken.cut();
    const [name = ""] = (first?.id ?? "").split("-");
    const again = new EventStream(await client.resume(`${name}-0`));
    expect((await again.next())?.message).toEqual(first?.message);
    await client.send({ id: first?.message.id, result: NAME });
    expect(textOf((await again.next())?.message.result)).toBe(JSON.stringify(NAME));
    expect(await again.next()).toBeNull();
    expect(kinds()).toHaveLength(2);
  });

  it("tells nothing that was kept once a stop covers it, and nobody but its own session", async () => {
    const client = await session();
    const broken = await client.call("name");
    const first = await broken.next();
    await broken.cut();
    const other = await session();
    const [name = ""] = (first?.id ?? "").split("-");
    expect((await other.resume(`${name}-0`)).status).toBe(400);
    await enforced.freeze();
    const late = await client.resume(`${name}-0`);
    expect(late.status).toBe(403);
    expect(await late.text()).not.toContain("your name");
  });

  it("gives the call up when nobody comes back, and answers a question once", async () => {
    const client = await session("2025-06-18");
    const stream = await client.call("name");
    const { message: question, id } = (await stream.next()) ?? {};
    expect(id).toBeNull();
    await stream.cut();
    await expect.poll(() => kinds().length).toBe(2);
    expect((await client.send({ id: question.id, result: NAME })).status).toBe(400);
    expect(said()).not.toContain("Ada");
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type McpGateway, startMcpGateway } from "./start-gateway.ts";
import { ERAS, sdkClient } from "./testing/clients.ts";
import { type Enforced, enforcedPoint } from "./testing/enforced-point.ts";
import { oddServer } from "./testing/gateway.ts";
import { terms } from "./testing/permit-point.ts";
import { call, post } from "./testing/raw.ts";

/** The gateway on the real enforcement point: nothing here is decided by a stand-in. */
let enforced: Enforced;
let gateway: McpGateway;
let url: string;
const log: string[] = [];
beforeEach(async () => {
  enforced = await enforcedPoint();
  log.length = 0;
  await startGateway();
  const parts = terms({
    command: oddServer(),
    effects: { env: "destructive", late: "write" },
    resources: { echo: "file:{path}" },
  });
  const inspected = await gateway.inspectUpstream("odd", parts);
  const pins = inspected.ok ? Object.fromEntries(inspected.tools.map(({ name, hash }) => [name, hash])) : {};
  enforced.put("upstream", "odd", { ...parts, pins });
  url = `${gateway.url}/mcp/odd`;
});
afterEach(async () => {
  await gateway.close();
  await enforced.point.stop();
});

async function startGateway(): Promise<void> {
  const note = (fields: object, message: string): void => void log.push(`${message} ${JSON.stringify(fields)}`);
  const { point } = enforced;
  const options = { publicUrl: null, environment: {}, log: { debug: note, warn: note, error: note } };
  gateway = await startMcpGateway({ point, listen: { host: "127.0.0.1", port: 0 }, ...options });
}

const use = async (tool: string, args: object = {}): Promise<any> => {
  const { json } = await post(url, call(tool, args), { credential: enforced.credential });
  return json.result?._meta?.["dev.countersign/decision"] ?? json.result ?? json.error;
};
const kinds = (): unknown[] =>
  enforced.control.entries.map(({ kind, decision, outcome }) => [kind, decision?.result ?? outcome?.status]);

describe("on the real enforcement point", () => {
  it.each(ERAS)("a client in mode %s reads, and intent and outcome are recorded", async (mode) => {
    const client = await sdkClient(url, mode, enforced.credential);
    const result = await client.callTool({ name: "echo", arguments: { path: "/a" } });
    expect(result.content).toEqual([{ type: "text", text: '{"path":"/a"}' }]);
    expect(kinds()).toEqual([
      ["action.intent", "permit"],
      ["action.outcome", "ok"],
    ]);
    expect(enforced.control.entries[0]).toMatchObject({
      action: "mcp:odd/echo",
      resource: "file:/a",
      effect: "read",
      chain: enforced.credential.chain,
    });
    expect(enforced.control.entries[1]?.outcome).toMatchObject({
      bytes: expect.any(Number),
      resultCommitment: expect.stringMatching(/^[\w-]{43}$/),
    });
    await client.close();
  });

  it("a grave call is held, and nothing is sent", async () => {
    const held = await use("env");
    expect(held).toMatchObject({
      decision: "hold",
      code: "countersignature.required",
      approval: expect.stringMatching(/^apr_/),
    });
    expect(kinds()).toEqual([["decision", "hold"]]);
  });

  it("a freeze stops what is on its way: nothing more goes up, nothing comes down", async () => {
    const waiting = use("hang");
    await expect.poll(() => kinds()).toEqual([["action.intent", "permit"]]);
    await expect.poll(() => enforced.point.live.size).toBe(1);
    const acknowledged = await enforced.freeze();
    expect(acknowledged.inFlight).toHaveLength(1);
    expect(await waiting).toMatchObject({
      decision: "deny",
      code: "brake.frozen",
      brake: expect.stringMatching(/^brk_/),
    });
    expect(log.join("\n")).toContain("cancelled");
    expect(await use("echo", { path: "/a" })).toMatchObject({ code: "brake.frozen" });
  });

  it.each(ERAS)(
    "in a freeze a client in mode %s comes up with the tools that were seen, and none is called",
    async (mode) => {
      const before = await sdkClient(url, mode, enforced.credential);
      const tools = (await before.listTools()).tools.map(({ name }) => name);
      await before.close();
      await enforced.freeze();
      log.length = 0;
      const client = await sdkClient(url, mode, enforced.credential);
      const seen = (await client.listTools()).tools.map(({ name }) => name);
      expect(seen.toSorted()).toEqual(tools.toSorted());
      expect(tools).toContain("echo");
      expect((await client.listResources()).resources).toEqual([]);
      const refused = await client.callTool({ name: "echo", arguments: { path: "/a" } });
      expect(refused._meta?.["dev.countersign/decision"]).toMatchObject({ code: "brake.frozen" });
      await client.close();
    },
  );

  it("without a ledger nothing with an effect is sent, and nothing that was read is told", async () => {
    await use("echo", { path: "/a" });
    enforced.control.failing = true;
    expect(await use("late")).toMatchObject({ code: "ledger.unavailable", entry: null });
    expect(await use("echo", { path: "/a" })).toMatchObject({ code: "ledger.unavailable", entry: null });
  });

  it("a task that ended starts nothing", async () => {
    const parts = terms({ command: oddServer("secret") });
    const inspected = await gateway.inspectUpstream("late", parts);
    const pins = inspected.ok ? Object.fromEntries(inspected.tools.map(({ name, hash }) => [name, hash])) : {};
    enforced.put("upstream", "late", { ...parts, pins });
    await gateway.close();
    await startGateway();
    enforced.endTask();
    log.length = 0;
    const answer = await post(`${gateway.url}/mcp/late`, call("echo"), { credential: enforced.credential });
    expect(answer.text).toContain('"code":"task.ended"');
    await gateway.close();
    expect(log.join("\n")).not.toContain("my token");
  });

  it("without a lease nothing passes", async () => {
    await use("echo", { path: "/a" });
    enforced.point.lease.drop();
    expect(await use("echo", { path: "/a" })).toMatchObject({ decision: "deny", step: "lease", code: "lease.lost" });
  });
});

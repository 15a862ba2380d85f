import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Refusal } from "@countersign/core";
import { ERAS, sdkClient } from "./testing/clients.ts";
import { type Running, oddServer, runGateway } from "./testing/gateway.ts";
import { call, mirror, modern, post } from "./testing/raw.ts";

const APPROVAL = "apr_0123456789012345678901";
let running: Running;
beforeAll(async () => {
  running = await runGateway({ odd: { command: oddServer(), resources: { echo: "file:{path}" } } });
  await running.pin("odd");
});
afterAll(async () => await running[Symbol.asyncDispose]());

const held: Refusal = {
  decision: "hold",
  step: "policy",
  code: "countersignature.required",
  reason: "held",
  policyIds: ["p"],
  approval: APPROVAL,
  approvalUrl: "http://localhost:7330/approve/x",
  entry: null,
};

describe("a held call", () => {
  it.each(ERAS)("is told to a client in mode %s, and runs once it is waited for and approved", async (mode) => {
    const { point } = running;
    const client = await sdkClient(running.url("odd"), mode, point.openTask());
    point.refuse = ({ action, resource }) => ({ refusal: held, detail: { action, resource, approver: "Ada" } });
    const first = await client.callTool({ name: "echo", arguments: { path: "/records/a" } });
    point.refuse = () => null;
    expect(first).toMatchObject({
      isError: true,
      content: [
        {
          text: expect.stringMatching(
            /^HELD apr_0123456789012345678901 for Ada: echo \/records\/a\. Nothing was done\./,
          ),
        },
      ],
      _meta: { "dev.countersign/decision": { decision: "hold", approval: APPROVAL } },
    });
    const refused = point.recorded.at(-1)?.call;
    point.held = refused === undefined || "refused" in refused ? null : { ...refused, salt: "x" };
    const second = await client.callTool({ name: "countersign_wait", arguments: { approval: APPROVAL } });
    expect(second.content).toEqual([{ type: "text", text: '{"path":"/records/a"}' }]);
    expect(point.recorded.at(-1)).toMatchObject({
      call: { action: "mcp:odd/echo", resource: "file:/records/a" },
      outcome: "ok",
    });
    await client.close();
  });

  it("is not found for others, nor by a name that is none, nor while nobody answers", async () => {
    const { point } = running;
    const credential = point.openTask();
    point.held = null;
    const wait = async (approval: unknown): Promise<any> => {
      const answer = await post(running.url("odd"), call("countersign_wait", { approval }), { credential });
      return answer.json.result._meta["dev.countersign/decision"];
    };
    expect(await wait(APPROVAL)).toMatchObject({ step: "countersignature", code: "countersignature.void" });
    expect(await wait("apr_1")).toMatchObject({ step: "input", code: "input.invalid_json" });
    expect(await wait({})).toMatchObject({ step: "input", code: "input.invalid_json" });
    point.heldCall = () => Promise.reject(new Error("silence"));
    expect(await wait(APPROVAL)).toMatchObject({ step: "ledger", code: "ledger.unavailable" });
  });
});

describe("a refusal", () => {
  it("is part of a result in both eras, complete in the modern one", async () => {
    const credential = running.point.openTask();
    const old = await post(running.url("odd"), call("none"), { credential });
    const now = await post(running.url("odd"), modern("tools/call", { name: "none" }), {
      credential,
      headers: mirror("tools/call", "none"),
    });
    expect(old.json.result).not.toHaveProperty("resultType");
    expect(now.json.result).toMatchObject({ isError: true, resultType: "complete" });
  });
});

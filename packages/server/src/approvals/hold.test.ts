import { type ApprovalId, type Call, type Chain, type Preview, newId } from "@countersign/core";
import { type HoldRequest, digestOfCall } from "@countersign/enforce";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { withState } from "../store/index.ts";
import { displayCall } from "./display.ts";
import { heldCallOf, holdCall } from "./hold.ts";
import { type Approval, readHeldCall } from "./payload.ts";

const seen = (count: number): Preview => ({
  kind: "measured",
  relations: [
    {
      relation: "public.executives",
      operation: "delete",
      count,
      keyColumns: ["id"],
      keys: ["[17]"],
      digest: String(count).padStart(43, "A"),
      filledAtCommit: [],
      unseen: null,
      columns: ["id", "name"],
      sample: [{ before: ["17", '"Grace"'], after: null }],
    },
  ],
});
const UNKNOWN: Preview = { kind: "unknown", reason: "it was asked too often" };

describe("a hold with what it would do", () => {
  let here: TestKernel;
  let chain: Chain;
  beforeAll(async () => {
    here = await testKernel();
    const human = await here.person();
    const make = <P extends "dev" | "agt" | "tsk">(prefix: P) => newId(prefix, Date.now(), random);
    chain = { human, device: make("dev"), agent: make("agt"), task: make("tsk") };
  });
  afterAll(async () => await here.close());

  const callOf = (sql: string): Call => ({
    upstream: "billing",
    method: "sql",
    tool: "statement",
    toolDefinitionHash: null,
    action: "sql:billing/destructive",
    resource: "sql:billing/public.executives",
    effect: "destructive",
    arguments: { sql },
  });
  const hold = async (sql: string, preview?: Preview): Promise<Approval> => {
    const held = await holdCall(here.kernel, requestOf(here, chain, { call: callOf(sql), preview }));
    if ("refused" in held) throw new Error(held.refused.reason);
    const approval = await here.kernel.store.get("approval", held.approval);
    if (approval === null) throw new Error("no approval");
    expect(approval.terms.callDigest).toBe(digestOfCall(chain, callOf(sql), held));
    return approval;
  };
  const statusOf = async (id: ApprovalId): Promise<string | undefined> =>
    (await here.kernel.store.get("approval", id))?.state.status;
  const set = async (approval: Approval, state: Partial<Approval["state"]>): Promise<unknown> =>
    await here.put(withState(approval, { ...approval.state, ...state }));

  it("is kept sealed with the call, shown to the human, and not given back to who waits", async () => {
    const approval = await hold("DELETE 1", seen(1200));
    const call = await readHeldCall(here.kernel, approval);
    if (call === null) throw new Error("no call");
    expect(call.preview).toEqual(seen(1200));
    expect((await displayCall(here.kernel, approval, call)).preview?.relations[0]).toMatchObject({
      relation: "public.executives",
      effect: "1,200 rows deleted",
      keys: "id: [17] and 1,199 more",
      rows: [{ when: "before", values: ["17", '"Grace"'] }],
    });
    expect(await heldCallOf(here.kernel, approval.id, chain)).not.toHaveProperty("preview");
    const blob = await here.kernel.store.blob(approval.terms.payload);
    expect(Buffer.from(blob ?? []).includes("Grace")).toBe(false);
  });

  it("finds the same approval for a repeat with the same effect, without a preview, or when none could be made", async () => {
    const first = await hold("DELETE 2", seen(2));
    for (const preview of [seen(2), undefined, UNKNOWN]) expect((await hold("DELETE 2", preview)).id).toBe(first.id);
    await set(first, { status: "approved" });
    expect((await hold("DELETE 2", UNKNOWN)).id).toBe(first.id);
  });

  it.each(["pending", "approved"] as const)(
    "ends one that is %s when the effect would be another, and asks anew",
    async (status) => {
      const first = await hold(`DELETE 3 ${status}`, seen(3));
      await set(first, { status });
      const second = await hold(`DELETE 3 ${status}`, seen(4));
      expect(second.id).not.toBe(first.id);
      expect(await statusOf(first.id)).toBe("void");
      expect((await readHeldCall(here.kernel, second))?.preview).toEqual(seen(4));
      expect(second.terms.callDigest).not.toBe(first.terms.callDigest);
    },
  );

  it("asks anew when an unknown effect becomes known, but what was signed as unknown stays signed", async () => {
    const first = await hold("DELETE 5", UNKNOWN);
    const second = await hold("DELETE 5", seen(5));
    expect(second.id).not.toBe(first.id);
    expect(await statusOf(first.id)).toBe("void");
    const blind = await hold("DELETE 6", UNKNOWN);
    await set(blind, { status: "approved" });
    expect((await hold("DELETE 6", seen(6))).id).toBe(blind.id);
  });
});

interface Asked {
  readonly call: Call;
  readonly preview: Preview | undefined;
}

function requestOf({ kernel }: TestKernel, chain: Chain, { call, preview }: Asked): HoldRequest {
  const { action, resource, effect } = call;
  const decision = { result: "hold", step: "policy", code: "countersignature.required", policyIds: ["p"] } as const;
  return {
    point: kernel.pointId,
    chain,
    call,
    entry: {
      id: newId("ent", Date.now(), random),
      time: new Date().toISOString(),
      kind: "decision",
      chain,
      agentProof: "declared",
      action,
      resource,
      effect,
      argsCommitment: null,
      argsShown: null,
      decision: { ...decision, policySetHash: "hash" },
      posture: null,
      risk: 0,
    },
    decision: { ...decision, reason: "held", policySetHash: "hash", holds: [], policyErrors: [] },
    ...(preview === undefined ? {} : { preview }),
  };
}

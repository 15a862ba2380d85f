import { type AnyRecord, newId } from "@countersign/core";
import type { Evaluator } from "@countersign/policy";
import { describe, expect, it } from "vitest";
import { verifies } from "../../../e2e/support/invariants.ts";
import { type Bench, Ends, bench, permitAll, random } from "./testing/bench-point.ts";

const forbidAll: Evaluator = {
  ...permitAll,
  policySetHash: "other",
  evaluate: () => ({ permits: ["all"], forbids: ["no"], errors: [] }),
};

/** An action that waits for its upstream, which gives up when it is told to, and the promise of its end. */
async function underWay(on: Bench): Promise<{ readonly ends: Ends; readonly over: Promise<void> }> {
  const ends = new Ends();
  const written = Promise.withResolvers<undefined>();
  ends.onWrite = async () => {
    written.resolve(undefined);
    const told = Promise.withResolvers<undefined>();
    ends.onCancel = () => told.resolve(undefined);
    await told.promise;
    return { ok: false, code: "upstream.down", reason: "it was told to stop" };
  };
  const over = on.point.enforce(on.act(), ends.effector, ends.releaser);
  await written.promise;
  return { ends, over };
}

const VERSION = 1000;
function changed(on: Bench, kind: "human" | "device" | "agent" | "task", state: object): AnyRecord {
  const known = on.point.replica.get(kind, on.chain[kind] ?? "");
  return { ...known, version: VERSION, state } as AnyRecord;
}
function brake(on: Bench, more: object = {}): AnyRecord {
  const terms = {
    kind: "freeze",
    scope: { type: "all", value: "*" },
    reason: "r",
    by: "local",
    at: new Date(on.clock.now).toISOString(),
    agents: [],
    ...more,
  };
  const id = newId("brk", on.clock.now, random);
  return { kind: "brake", id, version: VERSION, terms, state: { status: "active" }, authority: null } as AnyRecord;
}
const snapshot = (records: readonly AnyRecord[], version = VERSION): Parameters<Bench["point"]["push"]>[0] => ({
  generation: 1,
  version,
  records,
});

describe("what ends under an action that is under way", () => {
  it.each([
    ["the human left", "human", { status: "inactive" }, "human.inactive"],
    ["the device is lost", "device", { status: "lost" }, "device.unknown"],
    ["the agent is suspended", "agent", { status: "suspended", executables: [] }, "agent.inactive"],
    ["the agent has lost its owner", "agent", { status: "owner_lost", executables: [] }, "agent.owner_lost"],
    ["the task has ended", "task", { status: "ended", jkts: [], cause: "ended" }, "task.ended"],
    ["the task was severed", "task", { status: "severed", jkts: [], cause: null }, "brake.severed"],
  ] as const)("%s: it is cut, named in the acknowledgement, and refused as such", verifies("INV-3"), async (...row) => {
    const [, kind, state, code] = row;
    const on = await bench();
    const { ends, over } = await underWay(on);
    expect(await on.point.push(snapshot([changed(on, kind, state)]))).toMatchObject({
      version: VERSION,
      inFlight: [{ intent: expect.stringMatching(/^int_/), disposition: "unknown" }],
    });
    await over;
    expect(ends.refusal?.code).toBe(code);
    expect(ends.events).toContain("cancelled");
  });

  it("leaves alone what is behind another chain", async () => {
    const on = await bench();
    const { ends, over } = await underWay(on);
    const other = { ...changed(on, "agent", { status: "suspended", executables: [] }), id: newId("agt", 0, random) };
    expect(await on.point.push(snapshot([other as AnyRecord]))).toMatchObject({ inFlight: [] });
    expect(ends.events).not.toContain("cancelled");
    await on.point.push(snapshot([brake(on)], VERSION + 1));
    await over;
  });

  it("names the stop first where a stop and its consequences come together", async () => {
    const on = await bench();
    const { ends, over } = await underWay(on);
    const stop = brake(on, { kind: "sever", scope: { type: "owner", value: on.chain.human } });
    await on.point.push(snapshot([changed(on, "task", { status: "severed", jkts: [], cause: null }), stop]));
    await over;
    expect(ends.refusal).toMatchObject({ code: "brake.severed", brake: stop.id });
  });

  it("acknowledges a stop that is told again with the same actions", verifies("INV-3"), async () => {
    const on = await bench();
    const { over } = await underWay(on);
    const stop = snapshot([brake(on)]);
    const first = await on.point.push(stop);
    await over;
    expect(first.inFlight).toHaveLength(1);
    expect(await on.point.push(stop)).toEqual(first);
  });

  it("does not let a later word make a stop narrower", async () => {
    const on = await bench();
    const stop = brake(on);
    await on.point.push(snapshot([stop]));
    const narrow = {
      ...stop,
      version: VERSION + 1,
      terms: { ...stop.terms, scope: { type: "task", value: "tsk_other" } },
    };
    await on.point.push(snapshot([narrow as AnyRecord], VERSION + 1));
    const ends = new Ends();
    await on.point.enforce(on.act(), ends.effector, ends.releaser);
    expect(ends.refusal?.code).toBe("brake.frozen");
  });
});

describe("a policy that changes under an action that is under way", () => {
  const policy = (on: Bench): AnyRecord => ({
    kind: "policy",
    id: newId("pol", on.clock.now, random),
    version: VERSION,
    terms: { text: "", hash: "" },
    state: { status: "active" },
    authority: "genesis",
  });

  it.each([
    ["forbids it", forbidAll, "policy.denied"],
    [
      "cannot be evaluated",
      {
        ...permitAll,
        policySetHash: "other",
        evaluate: (): never => {
          throw new Error("broken");
        },
      },
      "policy.error",
    ],
  ] as const)("%s: it is cut in the tick in which the policy takes hold", verifies("INV-3"), async (_, next, code) => {
    let compiled = permitAll;
    const on = await bench(async () => await Promise.resolve(compiled));
    const { ends, over } = await underWay(on);
    compiled = next;
    expect(await on.point.push(snapshot([policy(on)]))).toMatchObject({ inFlight: [{ disposition: "unknown" }] });
    await over;
    expect(ends.refusal?.code).toBe(code);
  });

  it("permits it still: it goes on", async () => {
    const on = await bench();
    const { ends, over } = await underWay(on);
    expect(await on.point.push(snapshot([policy(on)]))).toMatchObject({ inFlight: [] });
    expect(ends.events).not.toContain("cancelled");
    await on.point.push(snapshot([brake(on)], VERSION + 1));
    await over;
  });

  it("marks also what began under the old state while the change was being applied", verifies("INV-3"), async () => {
    const compiling = Promise.withResolvers<Evaluator>();
    let first = true;
    const on = await bench(async () => {
      if (!first) return await compiling.promise;
      first = false;
      return permitAll;
    });
    const acknowledged = on.point.push(snapshot([policy(on)]));
    const { ends, over } = await underWay(on);
    compiling.resolve(forbidAll);
    expect(await acknowledged).toMatchObject({ inFlight: [{ disposition: "unknown" }] });
    await over;
    expect(ends.refusal?.code).toBe("policy.denied");
  });
});

import { newId } from "@countersign/core";
import { describe, expect, it } from "vitest";
import type { RecordRequest } from "./control-plane.ts";
import { type Bench, Ends, bench, random } from "./testing/bench-point.ts";

/** Runs one action and says what happened. */
async function run(on: Bench, ends = new Ends(), call: Parameters<Bench["act"]>[0] = {}): Promise<Ends> {
  await on.point.enforce(on.act(call), ends.effector, ends.releaser);
  return ends;
}
function freeze(
  on: Bench,
  scope: { type: string; value: string } = { type: "all", value: "*" },
): Parameters<Bench["point"]["push"]>[0] {
  const id = newId("brk", on.clock.now, random);
  const brake = {
    kind: "brake",
    id,
    version: 1000,
    terms: { kind: "freeze", scope, reason: "stop", by: "local", at: new Date(on.clock.now).toISOString(), agents: [] },
    state: { status: "active" },
    authority: null,
  };
  return { generation: 1, version: 1000, records: [brake as never] };
}

describe("enforce: the order of record, send and release (INV-6)", () => {
  it("records the intent before a byte goes upstream, and the outcome before the answer", async () => {
    const on = await bench();
    const ends = new Ends();
    on.control.onRecord = async ({ entries: [entry] }) => {
      ends.events.push(entry.kind);
      return await Promise.resolve({ ok: true });
    };
    await run(on, ends);
    expect(ends.events).toEqual(["prepared", "action.intent", "written", "action.outcome", "answered done"]);
  });

  it("sends a read at once, but releases nothing of it before the intent is durable", async () => {
    const on = await bench();
    const ends = new Ends();
    const durable = Promise.withResolvers<{ ok: true }>();
    on.control.onRecord = async ({ entries: [entry] }) =>
      entry.kind === "action.intent" ? await durable.promise : { ok: true };
    const written = Promise.withResolvers<undefined>();
    ends.onWrite = async (onPartial) => {
      onPartial(1);
      written.resolve(undefined);
      return await Promise.resolve({ ok: true, status: "ok", value: "data", bytes: Buffer.from("data") });
    };
    const running = run(on, ends, { effect: "read" });
    await written.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends.events).toEqual(["prepared", "written"]);
    durable.resolve({ ok: true });
    await running;
    expect(ends.events).toContain("answered data");
  });

  it("records the intent of a read together with an outcome that comes at once", async () => {
    const on = await bench();
    const ends = new Ends();
    const durable = Promise.withResolvers<{ ok: true }>();
    const requested = Promise.withResolvers<RecordRequest>();
    on.control.onRecord = async (request) => {
      requested.resolve(request);
      return await durable.promise;
    };
    const running = run(on, ends, { effect: "read" });
    const [intent, outcome] = (await requested.promise).entries;
    expect([intent.kind, outcome?.kind]).toEqual(["action.intent", "action.outcome"]);
    expect(outcome?.intent).toBe(intent.intent);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends.events).toEqual(["prepared", "written"]);
    durable.resolve({ ok: true });
    await running;
    expect(ends.events).toEqual(["prepared", "written", "answered done"]);
    expect(on.control.entries.map(({ kind }) => kind)).toEqual(["action.intent", "action.outcome"]);
  });

  it("does not wait for the outcome of a read that takes long", async () => {
    const on = await bench();
    const ends = new Ends();
    const recorded = Promise.withResolvers<undefined>();
    on.control.onRecord = async ({ entries: [entry] }) => {
      ends.events.push(entry.kind);
      recorded.resolve(undefined);
      return await Promise.resolve({ ok: true });
    };
    ends.onWrite = async () => {
      await recorded.promise;
      return { ok: true, status: "ok", value: "late", bytes: Buffer.from("late") };
    };
    await run(on, ends, { effect: "read" });
    expect(ends.events).toEqual(["prepared", "written", "action.intent", "action.outcome", "answered late"]);
  });

  it.each(["read", "destructive"] as const)("denies a %s when the intent cannot be recorded", async (effect) => {
    const on = await bench();
    on.control.onRecord = async () => await Promise.reject(new Error("disk gone"));
    const ends = await run(on, new Ends(), { effect });
    expect(ends.refusal).toMatchObject({ decision: "deny", code: "ledger.unavailable", entry: null });
    expect(ends.events.some((e) => e.startsWith("answered"))).toBe(false);
    expect(ends.events.includes("written")).toBe(effect === "read");
  });

  it("withholds an answer whose outcome cannot be recorded", async () => {
    const on = await bench();
    on.control.onRecord = async ({ entries: [entry] }) =>
      await (entry.kind === "action.outcome"
        ? Promise.reject(new Error("disk gone"))
        : Promise.resolve({ ok: true as const }));
    const ends = await run(on);
    expect(ends.refusal?.code).toBe("ledger.unavailable");
    expect(ends.events).not.toContain("answered done");
  });

  it("does not send what the control plane refused to record", async () => {
    const on = await bench();
    on.control.onRecord = async ({ entries: [entry] }) =>
      await Promise.resolve(
        entry.kind === "action.intent" ? { ok: false, code: "brake.frozen", brake: "brk_1" } : { ok: true },
      );
    const ends = await run(on);
    expect(ends.refusal).toMatchObject({ code: "brake.frozen", brake: "brk_1" });
    expect(ends.events).not.toContain("written");
  });
});

describe("enforce: doubt denies (INV-2)", () => {
  it("denies without a lease", async () => {
    const on = await bench();
    on.clock.now += 3000;
    expect((await run(on)).refusal?.code).toBe("lease.lost");
  });

  it("does not send when the lease ends while the upstream is being prepared", async () => {
    const on = await bench();
    const ends = new Ends();
    ends.onPrepare = async () => {
      on.clock.now += 3000;
      await Promise.resolve();
    };
    await run(on, ends);
    expect(ends.events).not.toContain("written");
    expect(ends.refusal?.code).toBe("lease.lost");
  });

  it("withholds an answer that comes after the lease has ended", async () => {
    const on = await bench();
    const ends = new Ends();
    ends.onWrite = async () => {
      on.clock.now += 3000;
      return await Promise.resolve({ ok: true, status: "ok", value: "late", bytes: Buffer.from("late") });
    };
    await run(on, ends);
    expect(ends.refusal?.code).toBe("lease.lost");
    expect(on.control.entries.at(-2)?.outcome?.status).toBe("withheld");
  });

  it("ends the lease when any clock jumps, either way", async () => {
    for (const jump of [3_600_000, -3_600_000]) {
      const on = await bench();
      on.clock.now += jump;
      expect((await run(on)).refusal?.code).toBe("lease.lost");
    }
  });

  it("denies when the effector breaks", async () => {
    const on = await bench();
    const ends = new Ends();
    ends.onPrepare = async () => await Promise.reject(new Error("bug"));
    await run(on, ends);
    expect(ends.refusal).toMatchObject({ decision: "deny", code: "policy.error" });
  });

  it("denies when no policy is loaded, and when the policy changes to none while the upstream is being prepared", async () => {
    const on = await bench();
    const ends = new Ends();
    ends.onPrepare = async () => {
      on.point.evaluator = null;
      on.point.replica.revision += 1;
      await Promise.resolve();
    };
    await run(on, ends);
    expect(ends.refusal?.code).toBe("policy.none");
    expect(ends.events).not.toContain("written");
  });

  it.each([
    ["human", { status: "inactive" }, "human.inactive"],
    ["device", { status: "lost" }, "device.unknown"],
    ["agent", { status: "suspended", executables: [] }, "agent.inactive"],
    ["task", { status: "ended", jkts: ["jkt"], cause: null }, "task.ended"],
  ] as const)("withholds an answer when its %s dies on the way (INV-1)", async (kind, state, code) => {
    const on = await bench();
    const ends = new Ends();
    const id = on.chain[kind] ?? "";
    ends.onWrite = async () => {
      const record = on.point.replica.get(kind, id);
      on.put({ kind, id, terms: record?.terms as never, state: state });
      return await Promise.resolve({ ok: true, status: "ok", value: "late", bytes: Buffer.from("late") });
    };
    await run(on, ends);
    expect(ends.refusal?.code).toBe(code);
    expect(ends.events).not.toContain("answered late");
  });
});

describe("enforce: a stop in every state of an action (INV-3)", () => {
  it("decided: nothing is sent", async () => {
    const on = await bench();
    const ends = new Ends();
    let acknowledged: Promise<unknown> = Promise.resolve();
    ends.onPrepare = async () => {
      acknowledged = on.point.push(freeze(on));
      await Promise.resolve();
    };
    await run(on, ends);
    expect(ends.events).not.toContain("written");
    expect(ends.refusal?.code).toBe("brake.frozen");
    expect(await acknowledged).toMatchObject({ version: 1000, inFlight: [] });
  });

  it("recorded: not sent, and the ledger says so", async () => {
    const on = await bench();
    const ends = new Ends();
    let acknowledged: Promise<unknown> = Promise.resolve();
    on.control.onRecord = async ({ entries: [entry] }) => {
      if (entry.kind === "action.intent") acknowledged = on.point.push(freeze(on));
      return await Promise.resolve({ ok: true });
    };
    await run(on, ends);
    expect(ends.events).not.toContain("written");
    expect(await acknowledged).toMatchObject({ inFlight: [{ disposition: "not_sent" }] });
    expect(on.control.entries.map((e) => e.outcome?.status)).toContain("withheld");
  });

  it("sent, answered afterwards: withheld", async () => {
    const on = await bench();
    const ends = new Ends();
    let acknowledged: Promise<unknown> = Promise.resolve();
    ends.onWrite = async () => {
      acknowledged = on.point.push(freeze(on));
      return await Promise.resolve({ ok: true, status: "ok", value: "late", bytes: Buffer.from("late") });
    };
    await run(on, ends);
    expect(await acknowledged).toMatchObject({ inFlight: [{ disposition: "withheld" }] });
    expect(ends.events).not.toContain("answered late");
    expect(on.control.entries.find((e) => e.outcome !== undefined)?.outcome).toMatchObject({
      status: "withheld",
      bytes: 4,
    });
  });

  it("sent, never answered: unknown, and the upstream is told", async () => {
    const on = await bench();
    const ends = new Ends();
    const written = Promise.withResolvers<undefined>();
    ends.onWrite = async () => {
      written.resolve(undefined);
      return await new Promise(() => undefined);
    };
    const running = run(on, ends);
    await written.promise;
    expect(await on.point.push(freeze(on))).toMatchObject({ inFlight: [{ disposition: "unknown" }] });
    await running;
    expect(ends.events).toContain("cancelled");
    expect(ends.refusal?.code).toBe("brake.frozen");
    expect(on.control.entries.find((e) => e.outcome !== undefined)?.outcome?.status).toBe("unknown");
  });

  it("answered: withheld while its outcome is being recorded", async () => {
    const on = await bench();
    const ends = new Ends();
    let acknowledged: Promise<unknown> = Promise.resolve();
    on.control.onRecord = async ({ entries: [entry] }) => {
      if (entry.kind === "action.outcome") acknowledged = on.point.push(freeze(on));
      return await Promise.resolve({ ok: true });
    };
    await run(on, ends);
    expect(await acknowledged).toMatchObject({ inFlight: [{ disposition: "withheld" }] });
    expect(ends.events).not.toContain("answered done");
  });

  it("withholds what a stop has marked, even when the stop is lifted before the answer comes", async () => {
    const on = await bench();
    const ends = new Ends();
    const stop = freeze(on);
    let acknowledged: Promise<unknown> = Promise.resolve();
    ends.onWrite = async () => {
      acknowledged = on.point.push(stop);
      const [brake] = stop.records;
      on.put({
        kind: "brake",
        id: brake?.id ?? "",
        terms: brake?.terms as never,
        state: { status: "thawed" },
        version: 2000,
      } as never);
      return await Promise.resolve({ ok: true, status: "ok", value: "late", bytes: Buffer.from("late") });
    };
    await run(on, ends);
    expect(ends.events).not.toContain("answered late");
    expect(await acknowledged).toMatchObject({ inFlight: [{ disposition: "withheld" }] });
  });

  it("lets what is outside its scope go on", async () => {
    const on = await bench();
    const ends = new Ends();
    ends.onPrepare = async () => {
      await on.point.push(freeze(on, { type: "task", value: "tsk_other" }));
    };
    await run(on, ends);
    expect(ends.events).toContain("answered done");
  });

  it("tells those who are stopped why, and denies also when nobody can say it", async () => {
    const on = await bench();
    await on.point.push(freeze(on));
    on.control.stoppedBecause = "code freeze\u202e";
    expect((await run(on)).refusal?.reason).toMatch(/covers this action.*: code freeze\\u\{202e\}$/);
    expect(on.control.entries.map((entry) => JSON.stringify(entry)).join()).not.toContain("code freeze");
    on.control.brakeReason = async () => await Promise.reject(new Error("gone"));
    expect((await run(on)).refusal).toMatchObject({ decision: "deny", code: "brake.frozen" });
  });

  it("severs the task at the third try", async () => {
    const on = await bench();
    await on.point.push(freeze(on));
    for (let i = 0; i < 5; i += 1) await run(on);
    expect(on.control.severed).toEqual([on.chain.task]);
  });

  it("refuses a change of a lower generation", async () => {
    const on = await bench();
    await expect(on.point.push({ generation: 0, version: 2000, records: [] })).rejects.toThrow("lower generation");
    expect((await run(on)).events).toContain("answered done");
  });
});

describe("enforce: what the agent gets", () => {
  it("answers a call that could not be formed with its own code, but for its credential first", async () => {
    const on = await bench();
    const refused = {
      refused: { step: "tool", code: "tool.unknown", reason: "no such tool" },
      action: "mcp:files/nope",
      resource: null,
    } as const;
    const ends = new Ends();
    await on.point.enforce({ ...on.act(), call: refused }, ends.effector, ends.releaser);
    expect(ends.refusal?.code).toBe("tool.unknown");
    const stranger = new Ends();
    const claims = { ok: false, code: "credential.missing", reason: "none" } as const;
    await on.point.enforce({ ...on.act(), claims, call: refused }, stranger.effector, stranger.releaser);
    expect(stranger.refusal?.code).toBe("credential.missing");
  });

  it("records what strangers try only so often, and says how many it left out", async () => {
    const on = await bench();
    const claims = { ok: false, code: "credential.missing", reason: "none" } as const;
    const knock = async (): Promise<Ends> => {
      const ends = new Ends();
      await on.point.enforce({ ...on.act(), claims }, ends.effector, ends.releaser);
      return ends;
    };
    for (let i = 0; i < 150; i += 1) expect((await knock()).refusal?.code).toBe("credential.missing");
    expect(on.control.entries.length).toBe(100);
    on.clock.now += 1000;
    expect((await knock()).refusal?.entry).toMatch(/^ent_/);
    expect(on.control.entries.at(-1)?.cause).toEqual({ unrecorded: 50 });
  });

  it("tells an upstream that is down apart, and records no intent for it", async () => {
    const on = await bench();
    const ends = new Ends();
    await on.point.enforce(
      on.act(),
      { prepare: async () => await Promise.resolve({ ok: false, code: "upstream.down", reason: "gone" }) },
      ends.releaser,
    );
    expect(ends.refusal?.code).toBe("upstream.down");
    expect(on.control.entries.map((e) => e.kind)).toEqual(["decision"]);
  });

  it("gives up when the client goes, and records that nobody saw the answer", async () => {
    const on = await bench();
    const ends = new Ends();
    const gone = new AbortController();
    ends.onWrite = async () => {
      gone.abort();
      return await new Promise(() => undefined);
    };
    await on.point.enforce({ ...on.act(), signal: gone.signal }, ends.effector, ends.releaser);
    expect(ends.events).toEqual(["prepared", "written", "cancelled"]);
    expect(on.control.entries.at(-1)?.outcome?.status).toBe("unobserved");
  });
});

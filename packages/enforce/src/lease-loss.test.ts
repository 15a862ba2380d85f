import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Bench, Ends, bench } from "./testing/bench-point.ts";

const DONE = { ok: true, status: "ok", value: "done", bytes: Buffer.from("done") } as const;

let on: Bench;
let ends: Ends;
let told: boolean[];

beforeEach(async () => {
  vi.useFakeTimers();
  on = await bench();
  ends = new Ends();
  told = [];
  on.point.onLease((valid) => void told.push(valid));
});
afterEach(async () => {
  await on.point.stop();
  vi.useRealTimers();
});

/** The lease runs out unseen, is seen to be lost, and comes back with the next renewal. */
async function loseAndRegain(): Promise<void> {
  on.clock.now += 3000;
  await vi.advanceTimersByTimeAsync(100);
  expect(on.point.lease.valid()).toBe(false);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(on.point.lease.valid()).toBe(true);
  expect(told).toEqual([false, true]);
}

const act = (): Promise<void> => on.point.enforce(on.act(), ends.effector, ends.releaser);
const released = (): readonly string[] => ends.events.filter((event) => /^(answered|partial)/.test(event));

describe("INV-3: what was under way when the lease was lost does not go on, though it comes back", () => {
  it("while the upstream is being prepared: nothing is sent", async () => {
    ends.onPrepare = loseAndRegain;
    await act();
    expect(ends.events).not.toContain("written");
    expect(ends.refusal?.code).toBe("lease.lost");
  });

  it("while the intent is being recorded: nothing is sent, and the ledger says so", async () => {
    on.control.onRecord = async ({ entries: [entry] }) => {
      if (entry.kind === "action.intent") await loseAndRegain();
      return { ok: true };
    };
    await act();
    expect(ends.events).not.toContain("written");
    expect(ends.refusal?.code).toBe("lease.lost");
    expect(on.control.entries.find(({ kind }) => kind === "action.outcome")).toMatchObject({
      outcome: { status: "withheld" },
      cause: { code: "lease.lost", sent: false },
    });
  });

  it("while the upstream works: it is told to stop, and nothing of it is released", async () => {
    ends.onWrite = async (onPartial) => {
      await loseAndRegain();
      onPartial("late");
      return DONE;
    };
    await act();
    expect(ends.events).toContain("cancelled");
    expect(released()).toEqual([]);
    expect(ends.refusal?.code).toBe("lease.lost");
  });

  it("while the outcome is being recorded: the answer is withheld", async () => {
    on.control.onRecord = async ({ entries: [entry] }) => {
      if (entry.kind === "action.outcome") await loseAndRegain();
      return { ok: true };
    };
    await act();
    expect(released()).toEqual([]);
    expect(ends.refusal?.code).toBe("lease.lost");
  });

  it("and what begins afterwards passes", async () => {
    await loseAndRegain();
    await act();
    expect(released()).toEqual(["answered done"]);
  });

  it("nothing goes on at a point that ended", async () => {
    ends.onPrepare = async () => await on.point.stop();
    await act();
    expect(ends.events).not.toContain("written");
    expect(ends.refusal?.code).toBe("lease.lost");
  });
});

describe("a task that is not known here", () => {
  it("is refused as such, whoever its human is said to be", async () => {
    const claims = {
      ok: true,
      chain: { ...on.chain, task: "tsk_unknown" },
      jkt: "jkt",
      agentProof: "declared",
    } as const;
    await on.point.enforce({ ...on.act(), claims }, ends.effector, ends.releaser);
    expect(ends.refusal).toMatchObject({ step: "task", code: "task.unknown" });
  });
});

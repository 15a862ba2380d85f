import { type AnyRecord, AppError, type TaskId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Learned } from "./control-plane.ts";
import { Intake } from "./intake.ts";
import { Learning } from "./learning.ts";
import { Replica } from "./replica.ts";

const id = (n: number): TaskId => `tsk_${String(n)}`;

function task(of: TaskId, version: number, status = "live"): AnyRecord {
  const n = of.slice(4);
  const terms = { agent: `agt_${n}`, human: "hum_1", device: "dev_1", session: "ses_1", idleSeconds: 900 };
  return { kind: "task", id: of, version, terms, state: { status, jkts: [], cause: null }, authority: null } as never;
}
/** What needs no signature to be believed stands for the links of a chain. */
function chainOf(of: TaskId, version: number, status?: string): readonly AnyRecord[] {
  const made = (kind: string, name: string): AnyRecord =>
    ({ kind, id: name, version, terms: {}, state: { status: "suspended" }, authority: null }) as never;
  return [task(of, version, status), made("agent", `agt_${of.slice(4)}`), made("device", "dev_1")];
}

let replica: Replica;
let intake: Intake;
let learning: Learning;
let now: number;
let events: string[];
let used: Set<TaskId>;
let ended: TaskId[];
let answer: (of: TaskId) => Promise<Learned>;
let forget: (tasks: readonly TaskId[]) => Promise<void>;

const learned = (of: TaskId, status?: string): Learned => ({
  generation: 1,
  version: 1,
  records: chainOf(of, 1, status),
  purpose: "why",
});
const none: Learned = { generation: 1, version: 1, records: [], purpose: null };

beforeEach(() => {
  replica = new Replica();
  intake = new Intake({ replica, refused: () => undefined });
  [now, events, used, ended] = [1_000_000, [], new Set(), []];
  answer = async (of) => await Promise.resolve(learned(of));
  forget = async () => await Promise.resolve();
  learning = new Learning({
    intake,
    ask: async (of) => {
      events.push(`ask ${of}`);
      return await answer(of);
    },
    take: async (told) => {
      intake.changes(told);
      await Promise.resolve();
    },
    record: (of) => replica.get("task", of),
    forget: async (tasks) => {
      events.push(`forget ${tasks.join(" ")}`);
      // What is said to be dropped is dropped.
      if (tasks.some((of) => replica.get("task", of) !== undefined)) events.push("said before it was dropped");
      await forget(tasks);
    },
    inUse: () => used,
    dropped: (of) => void ended.push(of),
    monotonicMs: () => now,
    failed: () => events.push("failed"),
  });
  replica.onChange((record) => learning.noticed(record));
});
afterEach(() => vi.useRealTimers());

describe("learning", () => {
  it("asks once for whoever asks at the same time, and not again for what is known", async () => {
    expect(await Promise.all([1, 1, 1].map(async (n) => await learning.learn(id(n))))).toEqual([true, true, true]);
    expect(await learning.learn(id(1))).toBe(true);
    expect(events).toEqual(["ask tsk_1"]);
    expect(replica.get("agent", "agt_1")).toBeDefined();
    expect(learning.purposes.get(id(1))).toBe("why");
  });

  it("remembers for a while that there is no such task", async () => {
    answer = async () => await Promise.resolve(none);
    expect(await learning.learn(id(1))).toBe(false);
    expect(await learning.learn(id(1))).toBe(false);
    expect(events).toEqual(["ask tsk_1"]);
    now += 5000;
    answer = async (of) => await Promise.resolve(learned(of));
    expect(await learning.learn(id(1))).toBe(true);
  });

  it("bounds what is asked about tasks that do not exist", async () => {
    answer = async () => await Promise.resolve(none);
    for (let n = 0; n < 1000; n += 1) expect(await learning.learn(id(n))).toBe(false);
    expect(events).toHaveLength(100);
    now += 1000;
    for (let n = 1000; n < 2000; n += 1) await learning.learn(id(n));
    expect(events).toHaveLength(110);
    expect(replica.size).toBe(0);
  });

  it("bounds what is asked at a time, and what waits for that", async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    answer = async (of) => {
      await promise;
      return learned(of);
    };
    const all = Array.from({ length: 12_000 }, async (_, n) => await learning.learn(id(n)));
    await Promise.resolve();
    expect(events.filter((event) => event.startsWith("ask"))).toHaveLength(64);
    resolve(undefined);
    const known = await Promise.all(all);
    expect(known.filter(Boolean)).toHaveLength(10_064);
  });

  it("takes silence and errors for no, tells that it dropped what it may be told about, and asks again", async () => {
    vi.useFakeTimers();
    answer = async () => await Promise.race([]);
    const silent = learning.learn(id(1));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await silent).toBe(false);
    answer = async () => await Promise.reject(new AppError("server.unreachable"));
    expect(await learning.learn(id(1))).toBe(false);
    answer = async (of) => await Promise.resolve(learned(of));
    expect(await learning.learn(id(1))).toBe(true);
    expect(events.filter((event) => event !== "failed")).toEqual([
      "ask tsk_1",
      "forget tsk_1",
      "ask tsk_1",
      "forget tsk_1",
      "ask tsk_1",
    ]);
  });

  it("asks for a dropped task only after the control plane knows that it was dropped", async () => {
    await learning.learn(id(1));
    const { promise, resolve } = Promise.withResolvers<void>();
    forget = async () => await promise;
    learning.drop([id(1)]);
    expect(replica.size).toBe(0);
    const again = learning.learn(id(1));
    await new Promise((done) => setImmediate(done));
    expect(events).toEqual(["ask tsk_1", "forget tsk_1"]);
    resolve();
    expect(await again).toBe(true);
    expect(events.at(-1)).toBe("ask tsk_1");
  });

  it("asks again about a key that it does not know, at most once a second", async () => {
    await learning.learn(id(1));
    now += 1000;
    await learning.learnAgain(id(1));
    await learning.learnAgain(id(1));
    await learning.learnAgain(id(2));
    expect(events).toEqual(["ask tsk_1", "ask tsk_1"]);
  });
});

describe("pruning", () => {
  const push = (of: TaskId, version: number, status: string): void =>
    intake.changes({ generation: 1, version, records: [task(of, version, status)] });

  it("drops what ended after a minute, and what was not used for as long as it may idle", async () => {
    await learning.learn(id(1));
    await learning.learn(id(2));
    push(id(1), 2, "ended");
    now += 59_999;
    learning.prune();
    expect(learning.tasks()).toHaveLength(2);
    now += 1;
    learning.prune();
    expect(learning.tasks()).toEqual([id(2)]);
    expect(replica.get("agent", "agt_1")).toBeUndefined();
    // The device belongs to both.
    expect(replica.get("device", "dev_1")).toBeDefined();
    now += 800_000;
    await learning.learn(id(2));
    now += 800_000;
    learning.prune();
    expect(learning.tasks()).toEqual([id(2)]);
    now += 100_000;
    learning.prune();
    expect(replica.size).toBe(0);
    expect(ended).toEqual([id(1), id(2)]);
    expect(learning.purposes.size).toBe(0);
  });

  it("leaves tasks for which something is under way", async () => {
    await learning.learn(id(1));
    push(id(1), 2, "severed");
    used.add(id(1));
    now += 3_600_000;
    learning.prune();
    expect(replica.get("task", id(1))?.state.status).toBe("severed");
    used.clear();
    learning.prune();
    expect(replica.size).toBe(0);
  });

  it("keeps no trace of 100,000 tasks that were learned and ended", { timeout: 120_000 }, async () => {
    const sizes: number[] = [];
    for (let round = 0; round < 100; round += 1) {
      const tasks = Array.from({ length: 1000 }, (_, n) => id(round * 1000 + n));
      await Promise.all(tasks.map(async (of) => await learning.learn(of)));
      intake.changes({ generation: 1, version: 2, records: tasks.map((of) => task(of, 2, "ended")) });
      now += 60_000;
      learning.prune();
      await Promise.resolve();
      sizes.push(replica.size + intake.size + learning.size);
      events.length = 0;
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
    learning.prune();
    await new Promise((done) => setImmediate(done));
    expect(replica.size + intake.size + learning.size).toBe(0);
  });
});

import { type TaskId, newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Put, Store } from "../store/index.ts";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { DueTasks } from "./due-tasks.ts";
import { TOLD_WITHIN_MS } from "./last-use.ts";
import { Tasks } from "./tasks.ts";

const START = Date.UTC(2026, 10, 22, 12);
const IDLE_MS = 900_000 + TOLD_WITHIN_MS;
const HOUR_MS = 3_600_000;

let here: TestKernel;
let due: DueTasks;
let over: TaskId[];
/** Records that were read. */
let read: number;
const uses = new Map<TaskId, number>();
const usedAt = (task: TaskId): number => uses.get(task) ?? 0;

beforeEach(async () => {
  here = await testKernel();
  uses.clear();
  [over, read] = [[], 0];
  due = new DueTasks(counted(here.kernel.store), (task) => void over.push(task));
});
afterEach(async () => await here.close());

function counted(store: Store): Pick<Store, "find" | "changes"> {
  return {
    async find(...asked) {
      const found = await store.find(...asked);
      read += found.length;
      return found;
    },
    async changes(...asked) {
      const found = await store.changes(...asked);
      read += found.records.length;
      return found;
    },
  };
}

async function task(id = newId("tsk", START, random), status = "live", openedAt = START): Promise<TaskId> {
  const times = { openedAt: new Date(openedAt).toISOString(), expiresAt: new Date(openedAt + HOUR_MS).toISOString() };
  const who = { agent: "agt_1", human: "hum_1", device: "dev_1", session: null, purpose: { person: "hum_1", box: "" } };
  const terms = { ...who, ...times, grants: [], idleSeconds: 900, runtime: null };
  const state = { status, jkts: [], cause: null };
  await here.put({ kind: "task", id, terms, state, authority: null } as unknown as Put);
  return id;
}
const look = async (now: number): Promise<readonly (readonly [TaskId, string])[]> => {
  await due.follow();
  return due.due(now, usedAt).map(({ task: id, cause }) => [id, cause] as const);
};

describe("live tasks", () => {
  it("are over when they stood still, or ran out, and are said to be until they have ended", async () => {
    const [quiet, busy] = [await task(), await task()];
    expect(await look(START + IDLE_MS - 1)).toEqual([]);
    uses.set(busy, START + 600_000);
    expect(await look(START + IDLE_MS)).toEqual([[quiet, "idle"]]);
    expect(await look(START + IDLE_MS + 1)).toEqual([[quiet, "idle"]]);
    await task(quiet, "ended");
    expect(await look(START + IDLE_MS + 600_000 - 1)).toEqual([]);
    expect(over).toEqual([quiet]);
    uses.set(busy, START + HOUR_MS - 1);
    expect(await look(START + HOUR_MS - 1)).toEqual([]);
    expect(await look(START + HOUR_MS)).toEqual([[busy, "expired"]]);
  });

  it("are idle no more when another server has seen them act", async () => {
    const id = await task();
    const now = START + IDLE_MS;
    expect(await look(now)).toEqual([[id, "idle"]]);
    expect(due.isIdle(id, now, usedAt)).toBe(true);
    uses.set(id, now - 1);
    expect(due.isIdle(id, now, usedAt)).toBe(false);
    expect(await look(now + 1)).toEqual([]);
  });

  it("cost what changed: all are read once, whoever opens and ends them", async () => {
    for (let n = 0; n < 20; n += 1) await task();
    await look(START);
    expect(read).toBeGreaterThanOrEqual(20);
    read = 0;
    for (let n = 0; n < 10; n += 1) await look(START + n);
    expect(read).toBe(0);
    await task(await task(), "severed");
    await look(START + 20);
    expect(read).toBe(1);
    expect(over).toEqual([]);
  });
});

describe("a sweep", () => {
  it("ends what is over, once, whichever server does it, and leaves alone what another server saw act", async () => {
    let now = START;
    const servers = [here.kernel, here.beside()].map((kernel) => new Tasks({ ...kernel, now: () => now }, {} as never));
    const [quiet, busy, old] = [await task(), await task(), await task(undefined, "live", START - HOUR_MS + 60_000)];
    const swept = async (): Promise<void> => void (await Promise.all(servers.map(async (one) => await one.sweep())));
    const causeOf = async (id: TaskId): Promise<unknown> => (await here.kernel.store.get("task", id))?.state.cause;
    await swept();
    expect(await Promise.all([quiet, busy, old].map(causeOf))).toEqual([null, null, null]);
    now += IDLE_MS;
    await here.kernel.store.board.post("task-use", [{ key: busy, value: true }], HOUR_MS);
    await swept();
    expect(await Promise.all([quiet, busy, old].map(causeOf))).toEqual(["idle", null, "expired"]);
    await swept();
    const entries = await here.kernel.store.entries({ record: { kind: "task", id: quiet }, limit: 10 });
    expect(entries.map(({ body }) => (body as { action: string }).action)).toEqual(["test", "task.end"]);
  });
});

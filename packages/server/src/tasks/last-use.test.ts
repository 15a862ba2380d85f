import { newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Servers } from "../testing/servers.ts";
import { LastUse } from "./last-use.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("LastUse", () => {
  it("knows what another server has seen, and the newest of both", async () => {
    await using servers = await Servers.open();
    const [here, there] = servers.both((kernel) => new LastUse(kernel));
    const task = newId("tsk", 0, servers.a.random);
    const live = new Set([task]);
    const start = servers.a.now();
    expect(there.of(task)).toBe(start);
    servers.pass(60_000);
    here.touch(task);
    await vi.runAllTimersAsync();
    await there.follow(live);
    expect(there.of(task)).toBeGreaterThan(start + 59_000);
    servers.pass(60_000);
    there.touch(task);
    await there.follow(live);
    expect(there.of(task)).toBe(start + 120_000);
  });

  it("keeps what it has read when the board is lost, and forgets tasks that are over", async () => {
    await using servers = await Servers.open();
    const [here, there] = servers.both((kernel) => new LastUse(kernel));
    const [task, over] = [newId("tsk", 0, servers.a.random), newId("tsk", 1, servers.a.random)];
    const start = servers.a.now();
    servers.pass(60_000);
    here.touch(task);
    here.touch(over);
    await vi.runAllTimersAsync();
    await there.follow(new Set([task, over]));
    for (const key of [task, over]) await servers.a.store.board.take("task-use", key);
    await there.follow(new Set([task]));
    expect([there.of(task) > start, there.of(over)]).toEqual([true, start]);
  });
});

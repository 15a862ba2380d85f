import { type AnyRecord, type PointId, newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { type Kernel, named, serverEntry } from "../kernel.ts";
import { MemoryBoard } from "../store/sqlite/memory-board.ts";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { ServedPoints } from "./served-points.ts";
import { type ChainFixture, ToldPoint, brakeOn, chain, namesOf, person, signedBy } from "./testing/told-point.ts";

/** Lease 1 s and margin 100 ms. */
const SILENT_MS = 1100;

let here: TestKernel;
let kernel: Kernel;
let now: number;
let served: ServedPoints;
let edge: ToldPoint;
let mine: ChainFixture;
const alice = person();
const bob = person();
const newPoint = (name: string): ToldPoint => new ToldPoint(newId("ep", Date.now(), random), name);

async function serve(on: Kernel): Promise<ServedPoints> {
  const made = new ServedPoints(on, () => now);
  await made.begin();
  return made;
}
async function join(name: string, on = kernel, by = served): Promise<ToldPoint> {
  const point = newPoint(name);
  await here.put(point.record());
  on.points.connect(point);
  await by.join(point.hello());
  return point;
}
const renew = async (point: ToldPoint, applied = 0, by = served): Promise<readonly AnyRecord[]> =>
  (await by.renew({ ...point.hello(), applied })).records;
const version = async (): Promise<number> => (await kernel.store.head()).version;
const statusOf = async (id: PointId): Promise<string | undefined> =>
  (await kernel.store.get("point", id))?.state.status;
const refused = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => "done",
    (error: { code?: string }) => error.code ?? "no code",
  );

beforeEach(async () => {
  here = await testKernel();
  ({ kernel } = here);
  now = 5_000_000;
  Object.assign(kernel.store, { board: new MemoryBoard(() => now) });
  served = await serve(kernel);
  await here.put(...alice.puts, ...bob.puts);
  mine = chain(alice.id, signedBy(bob));
  await here.put(...mine.puts);
  edge = await join("edge");
});
afterEach(async () => await here.close());

describe("membership", () => {
  it("is a commit for each step, named in the ledger", async () => {
    expect(await statusOf(edge.id)).toBe("active");
    await served.leave(edge.id);
    expect(await statusOf(edge.id)).toBe("away");
    const entries = await kernel.store.entries({ record: { kind: "point", id: edge.id }, limit: 10 });
    const actions = entries.map(({ body }) => (body as { action: string }).action);
    expect(actions).toEqual(["test", "point.active", "point.away"]);
  });

  it("refuses another process while the present one renews, and lets it in when its lease must be over", async () => {
    const other = edge.hello({ instance: "another" });
    expect(await refused(served.join(other))).toBe("point.in_use");
    now += SILENT_MS - 1;
    await renew(edge);
    expect(await refused(served.join(other))).toBe("point.in_use");
    expect(await statusOf(edge.id)).toBe("active");
    now += SILENT_MS;
    expect(await refused(served.join(other))).toBe("point.in_use");
    expect(await statusOf(edge.id)).toBe("leaving");
    expect(await refused(renew(edge))).toBe("point.left");
    now += SILENT_MS;
    await served.sweep();
    expect(await statusOf(edge.id)).toBe("away");
    expect(await refused(served.join(other))).toBe("done");
    expect(await refused(renew(edge))).toBe("point.in_use");
  });

  it("takes a lost link for leaving at once, and the same process back at once", async () => {
    await served.lost(edge.id);
    expect(await statusOf(edge.id)).toBe("leaving");
    kernel.points.connect(edge);
    await served.join(edge.hello());
    expect(await statusOf(edge.id)).toBe("active");
    expect(await refused(renew(edge))).toBe("done");
  });

  it("does not take a process for gone that has joined another server since", async () => {
    const beside = here.beside();
    const other = await serve(beside);
    beside.points.connect(edge);
    await other.join(edge.hello());
    await served.lost(edge.id);
    expect(await statusOf(edge.id)).toBe("active");
  });

  it("finishes what a server that is gone has left, and believes other servers that a point renews", async () => {
    const beside = here.beside();
    const other = await serve(beside);
    now += SILENT_MS - 10;
    await renew(edge);
    await served.sweep();
    now += 10;
    await other.sweep();
    expect(await statusOf(edge.id)).toBe("active");
    now += SILENT_MS;
    await other.sweep();
    expect(await statusOf(edge.id)).toBe("leaving");
    const third = await serve(here.beside());
    now += SILENT_MS - 1;
    await third.sweep();
    expect(await statusOf(edge.id)).toBe("leaving");
    now += 1;
    await third.sweep();
    expect(await statusOf(edge.id)).toBe("away");
  });

  it("ends for good when it was removed, once no lease can run", async () => {
    const record = await kernel.store.get("point", edge.id);
    if (record === null) throw new Error("no point");
    const { version: _version, ...kept } = record;
    await here.put({ ...kept, state: { ...record.state, status: "leaving", removing: true } });
    expect(await refused(renew(edge))).toBe("point.unknown");
    expect(await refused(served.join(edge.hello()))).toBe("point.unknown");
    await served.sweep();
    now += SILENT_MS;
    await served.sweep();
    expect(await statusOf(edge.id)).toBe("removed");
    expect(await refused(served.join(edge.hello()))).toBe("point.unknown");
  });

  it("refuses points that it does not know, and clocks that are more than a minute off", async () => {
    const stranger = newPoint("stranger");
    kernel.points.connect(stranger);
    expect(await refused(served.join(stranger.hello()))).toBe("point.unknown");
    for (const off of [61_000, -61_000, 3_600_000]) {
      expect(await refused(served.join(edge.hello({ clock: Date.now() + off })))).toBe("point.clock");
      expect(await refused(served.renew(edge.hello({ clock: Date.now() + off })))).toBe("point.clock");
    }
    expect(await refused(served.renew(edge.hello({ clock: Date.now() + 55_000 })))).toBe("done");
  });

  it("gives a point of this process the id that its entries have, and takes it for away at a start", async () => {
    const formerId = newId("ep", Date.now(), random);
    expect(await served.membership.own("mcp", formerId)).toBe(formerId);
    const own = new ToldPoint(formerId, "mcp");
    kernel.points.connect(own);
    await served.join(own.hello());
    const again = await serve(here.beside());
    expect(await again.membership.own("mcp", null)).toBe(formerId);
    expect(await statusOf(formerId)).toBe("away");
  });
});

describe("renewals", () => {
  const suspension = (status: "suspended" | "active"): Parameters<Kernel["store"]["commit"]>[0] => {
    const put = [mine.agentPut(status)];
    return { put, entries: [serverEntry(kernel, "admin", { action: "test", changes: named(put) })] };
  };

  it("carry what was committed and never pushed, here or by another server", verifies("INV-3"), async () => {
    await served.learn(edge.id, mine.task);
    const from = await version();
    const stop = brakeOn("all", "*")(newId("brk", Date.now(), random));
    const puts = [stop, mine.agentPut("suspended")];
    const entry = serverEntry(kernel, "admin", { action: "test", changes: named(puts) });
    await kernel.store.commit({ put: puts, entries: [entry] });
    expect(edge.pushed.flatMap(({ records }) => records)).toEqual([]);
    const told = await renew(edge, from);
    expect(namesOf(told)).toEqual([`agent ${mine.agent}`, `brake ${stop.id}`]);
    // Until it says that it has applied them it is told again.
    expect(await renew(edge, from)).toHaveLength(2);
    expect(await renew(edge, await version())).toEqual([]);
  });

  it("vouch for no version of which something was left out because it changed again", verifies("INV-1"), async () => {
    await served.learn(edge.id, mine.task);
    const from = await version();
    const store = kernel.store as unknown as Record<string, (...asked: readonly unknown[]) => Promise<unknown>>;
    const status = ["suspended", "active"] as const;
    let changes = 0;
    // Whenever it is looked for what changed, it changes once more before it is read.
    const changed = kernel.store.changed.bind(kernel.store);
    store["changed"] = async (...asked) => {
      const names = await changed(...(asked as Parameters<typeof changed>));
      await here.kernel.store.commit(suspension(status[(changes += 1) % 2] ?? "active"));
      return names;
    };
    await here.kernel.store.commit(suspension("suspended"));
    const answer = await served.renew({ ...edge.hello(), applied: from });
    store["changed"] = changed as never;
    const told = answer.records.find(({ id }) => id === mine.agent);
    expect(answer.version).toBeGreaterThan(from);
    expect(told?.version).toBeLessThanOrEqual(answer.version);
    expect(changes).toBeLessThan(3);
  });

  it("are one and the same object for all for whom nothing changed, and share one look at the primary", async () => {
    const points = await Promise.all(["a", "b", "c"].map(async (name) => await join(name)));
    const applied = await version();
    let looks = 0;
    const head = kernel.store.head.bind(kernel.store);
    kernel.store.head = async () => {
      looks += 1;
      return await head();
    };
    const answers = await Promise.all(points.map(async (point) => await served.renew({ ...point.hello(), applied })));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatchObject({ version: applied, records: [] });
    expect(looks).toBeLessThanOrEqual(2);
  });

  it("are refused when the point has applied more than the primary knows", async () => {
    expect(await refused(renew(edge, (await version()) + 1))).toBe("lease.behind");
  });

  it("are refused to whoever did not join here", async () => {
    expect(await refused(renew(edge, 0, await serve(here.beside())))).toBe("point.left");
    kernel.points.connect(edge);
    expect(await refused(renew(edge))).toBe("point.left");
  });
});

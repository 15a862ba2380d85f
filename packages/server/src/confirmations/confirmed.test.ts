import { type PointId, type StateRecord, newId } from "@countersign/core";
import type { Acknowledgement, Snapshot } from "@countersign/enforce";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { type Kernel, serverEntry, startChange } from "../kernel.ts";
import type { ConnectedPoint } from "../points/index.ts";
import { type Put, withState } from "../store/index.ts";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { type Confirmed, confirmed, postAcknowledgements } from "./index.ts";

/** A point that acknowledges what it is told, but only when it is let to. */
class StandIn implements ConnectedPoint {
  readonly id: PointId = newId("ep", Date.now(), random);
  readonly name: string;
  readonly lease = { valid: () => true, silentMs: () => 0 };
  readonly told: Snapshot[] = [];
  private readonly let = Promise.withResolvers<undefined>();

  constructor(name: string) {
    this.name = name;
  }

  async push(change: Snapshot): Promise<Acknowledgement> {
    this.told.push(change);
    await this.let.promise;
    const { id: point, name } = this;
    return { point, name, generation: change.generation, version: change.version, inFlight: [] };
  }

  answer(): void {
    this.let.resolve(undefined);
  }
}

describe("the end of a task, confirmed", () => {
  let here: TestKernel;
  let kernel: Kernel;
  let task: Put & { kind: "task" };
  /** Leases that outlive the test: nothing is confirmed by their end. */
  const LONG = { lease: { seconds: 600, renewSeconds: 1, marginMs: 100 } };

  beforeEach(async () => {
    here = await testKernel(LONG);
    ({ kernel } = here);
    const sealed = { person: newId("hum", 0, random), box: "" };
    const id = newId("tsk", Date.now(), random);
    const until = new Date(Date.now() + 60_000).toISOString();
    task = {
      kind: "task",
      id,
      terms: {
        agent: newId("agt", 0, random),
        human: sealed.person,
        device: newId("dev", 0, random),
        session: newId("ses", 0, random),
        purpose: sealed,
        grants: [],
        openedAt: until,
        expiresAt: until,
        idleSeconds: 900,
        runtime: null,
      },
      state: { status: "live", jkts: [], cause: null },
      authority: null,
    };
    await here.put(task);
  });
  afterEach(async () => await here.close());

  const point = async (name: string, at: Kernel, serves: boolean): Promise<StandIn> => {
    const stand = new StandIn(name);
    await here.put({
      kind: "point",
      id: stand.id,
      terms: { name, place: "joined", joinedAt: "", jkt: null },
      state: { status: "active", instance: null, url: null },
      authority: null,
    });
    at.points.connect(stand);
    at.points.begin(stand.id, serves ? [task.id] : []);
    return stand;
  };
  const end = async (): Promise<{ readonly done: Promise<Confirmed>; readonly record: StateRecord<"task"> }> => {
    const known = (await kernel.store.get("task", task.id)) as StateRecord<"task">;
    const put = withState(known, { ...known.state, status: "ended", cause: "ended" });
    const entries = [serverEntry(kernel, "task", { action: "task.end", changes: [put] })];
    const published = await startChange(kernel, { put: [put], entries });
    return { done: confirmed(kernel, published), record: { ...put, version: published.version } as never };
  };
  const hows = ({ points }: Confirmed): object => Object.fromEntries(points.map(({ name, how }) => [name, how]));

  it(
    "waits for the points that serve the task, and not for others, which hold nothing of it",
    verifies("INV-3"),
    async () => {
      const serves = await point("serves", kernel, true);
      const other = await point("other", kernel, false);
      const { done } = await end();
      const early = await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 300, "waits"))]);
      expect(early).toBe("waits");
      serves.answer();
      expect(hows(await done)).toEqual({ serves: "acknowledged", other: "acknowledged" });
      expect(serves.told).toHaveLength(1);
      // What a point does not serve it is never told of.
      expect(other.told).toEqual([]);
    },
  );

  it("waits for the points of other servers likewise", verifies("INV-3"), async () => {
    const beside = here.beside();
    const serves = await point("serves", beside, true);
    await point("other", beside, false);
    const { done, record } = await end();
    // What a server does that learns of another's commit.
    const change = { generation: kernel.store.generation, version: record.version, records: [record] };
    const pushed = beside.points.publish(change);
    const posting = postAcknowledgements(beside, [record], { pushed, untold: beside.points.untold(pushed) });
    expect(await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 300, "waits"))])).toBe("waits");
    serves.answer();
    await posting;
    expect(hows(await done)).toEqual({ serves: "acknowledged", other: "acknowledged" });
  });

  it(
    "does not take the word of a link for that of another by which the point, or its successor, joined since",
    verifies("INV-3"),
    async () => {
      const beside = here.beside();
      // It serves the task here, by its second join; the other server still has its first link, which says that it holds nothing.
      const serves = await point("serves", kernel, true);
      const record = (await kernel.store.get("point", serves.id)) as StateRecord<"point">;
      await here.put(withState(record, { ...record.state, joins: 2 }));
      kernel.points.joined(serves.id, 2);
      beside.points.connect(serves);
      beside.points.begin(serves.id, []);
      beside.points.joined(serves.id, 1);
      const { done, record: ended } = await end();
      const change = { generation: kernel.store.generation, version: ended.version, records: [ended] };
      const pushed = beside.points.publish(change);
      const untold = beside.points.untold(pushed);
      expect(untold).toHaveLength(1);
      await postAcknowledgements(beside, [ended], { pushed, untold });
      expect(await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 300, "waits"))])).toBe("waits");
      serves.answer();
      expect(hows(await done)).toEqual({ serves: "acknowledged" });
    },
  );
});

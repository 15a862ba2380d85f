import { type PointId, newId } from "@countersign/core";
import type { Acknowledgement, Snapshot } from "@countersign/enforce";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { type Kernel, named, serverEntry, startChange } from "../kernel.ts";
import { ServedPoints } from "../points/index.ts";
import { type ChainFixture, ToldPoint, chain, person, signedBy } from "../points/testing/told-point.ts";
import type { Put } from "../store/index.ts";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { type Confirmed, confirmed, postAcknowledgements } from "./index.ts";

/** Leases that outlive the test: nothing is confirmed by their end. */
const LONG = { lease: { seconds: 600, renewSeconds: 1, marginMs: 100 } };

/** It is told, and does not answer before it is let to. */
class SlowPoint extends ToldPoint {
  private readonly let = Promise.withResolvers<undefined>();
  override async push(change: Snapshot): Promise<Acknowledgement> {
    await this.let.promise;
    return await super.push(change);
  }
  answer(): void {
    this.let.resolve(undefined);
  }
}

interface Server {
  readonly kernel: Kernel;
  readonly served: ServedPoints;
}
let here: TestKernel;
let first: Server;
let second: Server;
let task: ChainFixture;
const alice = person();

async function server(kernel: Kernel): Promise<Server> {
  const served = new ServedPoints(kernel, () => performance.now());
  await served.begin();
  return { kernel, served };
}
async function change(
  ...put: readonly Put[]
): Promise<{ readonly done: Promise<Confirmed>; readonly change: Snapshot }> {
  const { kernel } = first;
  const entries = [serverEntry(kernel, "admin", { action: "test", changes: named(put) })];
  const published = await startChange(kernel, { put, entries });
  return { done: confirmed(kernel, published), change: published };
}
/** What a server does that learns of another's commit. */
async function follow({ kernel }: Server, { records, version, generation }: Snapshot): Promise<void> {
  const pushed = kernel.points.publish({ generation, version, records });
  await postAcknowledgements(kernel, records, { pushed, untold: kernel.points.untold(pushed) });
}
const soon = async (done: Promise<Confirmed>): Promise<unknown> =>
  await Promise.race([
    done.then(({ points }) => points.map(({ how }) => how)),
    new Promise((r) => setTimeout(r, 400, "waits")),
  ]);

describe("an acknowledgement counts from the process that may hold the lease", () => {
  let id: PointId;
  let holder: SlowPoint;
  beforeEach(async () => {
    here = await testKernel(LONG);
    first = await server(here.kernel);
    second = await server(here.beside());
    task = chain(alice.id, signedBy(alice));
    await here.put(...alice.puts, ...task.puts);
    id = newId("ep", Date.now(), random);
    holder = new SlowPoint(id);
    await here.put(holder.record());
  });
  afterEach(async () => await here.close());

  const joinAt = async ({ kernel, served }: Server, point: ToldPoint, tasks: readonly ChainFixture["task"][]) => {
    kernel.points.connect(point);
    return await served.join(point.hello({ tasks }));
  };

  it("not from a copy of it that asks another server to be let in", verifies("INV-3"), async () => {
    await joinAt(first, holder, [task.task]);
    const copy = new ToldPoint(id);
    second.kernel.points.connect(copy);
    const { done, change: stop } = await change(task.taskPut("ended"));
    const asks = second.served.join(copy.hello({ instance: "another", tasks: [task.task] }));
    await expect(asks).rejects.toMatchObject({ code: "point.in_use" });
    await follow(second, stop);
    expect(copy.pushed).toHaveLength(1);
    expect(await soon(done)).toBe("waits");
    holder.answer();
    expect(await soon(done)).toEqual(["acknowledged"]);
  });

  it("not from a server to which it was linked before", verifies("INV-3"), async () => {
    await joinAt(second, new ToldPoint(id), []);
    await joinAt(first, holder, [task.task]);
    const { done, change: stop } = await change(task.taskPut("ended"));
    await follow(second, stop);
    expect(await soon(done)).toBe("waits");
    holder.answer();
    expect(await soon(done)).toEqual(["acknowledged"]);
  });

  it("not while it joins again and it is not known yet what it holds", verifies("INV-3"), async () => {
    await joinAt(first, holder, [task.task]);
    const again = first.served.join(holder.hello({ tasks: [task.task] }));
    const { done } = await change(task.agentPut("suspended"));
    await again;
    expect(holder.pushed).toEqual([]);
    expect(await soon(done)).toBe("waits");
  });

  describe.each(["away", "removed"] as const)("whoever writes into the database that it is %s", (status) => {
    /** As no server would: the record says of a point that works that it holds no lease. */
    const forge = async (): Promise<void> => {
      const record = await here.kernel.store.get("point", id);
      if (record === null) throw new Error("no point");
      const { version: _version, ...known } = record;
      await here.put({ ...known, state: { ...record.state, status, instance: null } });
    };

    it("before the stop, does not make it come true: that is waited for as before", verifies("INV-12"), async () => {
      await joinAt(second, holder, [task.task]);
      await first.served.sweep();
      await forge();
      const { done, change: stop } = await change(task.taskPut("ended"));
      expect(await soon(done)).toBe("waits");
      await first.served.sweep();
      expect(await soon(done)).toBe("waits");
      const posted = follow(second, stop);
      holder.answer();
      await posted;
      expect(await soon(done)).toEqual(["acknowledged"]);
    });

    it("while it is waited for, does not end that", verifies("INV-12"), async () => {
      await joinAt(second, holder, [task.task]);
      await first.served.sweep();
      const { done } = await change(task.taskPut("ended"));
      expect(await soon(done)).toBe("waits");
      await forge();
      await first.served.sweep();
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(await soon(done)).toBe("waits");
    });
  });

  it("is not waited for when this server saw it leave", async () => {
    await joinAt(first, holder, []);
    const { done } = await change(task.taskPut("ended"));
    await first.served.leave(id);
    first.kernel.points.disconnect(id);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await soon(done)).not.toBe("waits");
    const after = await change(task.taskPut("live"));
    expect(await soon(after.done)).toEqual([]);
  });
});

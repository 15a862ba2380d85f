import type { LedgerEntry, PointId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Samples } from "../store/testing/samples.ts";
import { type TestKernel, testKernel } from "../testing/test-kernel.ts";
import { ServedPoints } from "./served-points.ts";

const make = new Samples();
let here: TestKernel;
let served: ServedPoints;
let point: PointId;
beforeEach(async () => {
  here = await testKernel();
  served = new ServedPoints(here.kernel, () => performance.now());
  await served.begin();
  point = await served.membership.own("mcp", null);
});
afterEach(async () => await here.close());

async function join(instance: string, applied: number): Promise<void> {
  const push = async (): Promise<never> => await Promise.reject(new Error("silent"));
  here.kernel.points.connect({ id: point, name: "mcp", lease: { valid: () => true, silentMs: () => 0 }, push });
  await served.join({ point, instance, applied, tasks: [], url: null, clock: Date.now() });
}

async function begun(): Promise<string> {
  const intent = make.id("int");
  await here.kernel.store.commit({ entries: [make.entry(point, make.intent(make.chain(), intent))] });
  return intent;
}
const open = async (): Promise<unknown[]> =>
  (await here.kernel.store.openIntents()).map(({ body }) => (body as unknown as LedgerEntry).intent);

describe("join", () => {
  it("leaves alone what a process has under way that only lost its link", async () => {
    await join("one", 0);
    const intent = await begun();
    await join("one", 1);
    expect(await open()).toEqual([intent]);
  });

  it("gives an outcome to what a former process had under way, and to nothing of other points", async () => {
    await join("one", 0);
    const intent = await begun();
    const other = make.id("int");
    await here.kernel.store.commit({ entries: [make.entry(make.id("ep"), make.intent(make.chain(), other))] });
    await served.leave(point);
    await join("two", 0);
    expect(await open()).toEqual([other]);
    const [outcome] = await here.kernel.store.entries({ intent: intent as never, kind: "action.outcome", limit: 2 });
    expect(outcome?.body).toMatchObject({ outcome: { status: "unknown" }, cause: { recovered: true } });
  });
});

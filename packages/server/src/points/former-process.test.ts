import type { LedgerEntry, PointId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { MemoryBoard } from "../store/sqlite/memory-board.ts";
import { Samples } from "../store/testing/samples.ts";
import { type TestKernel, testKernel } from "../testing/test-kernel.ts";
import { ServedPoints } from "./served-points.ts";

const make = new Samples();
let here: TestKernel;
let served: ServedPoints;
let point: PointId;
let now: number;
beforeEach(async () => {
  here = await testKernel();
  now = 5_000_000;
  Object.assign(here.kernel.store, { board: new MemoryBoard(() => now) });
  served = new ServedPoints(here.kernel, () => now);
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

describe("a point that fell silent and does not come back", () => {
  /** Lease 1 s and margin 100 ms: silent for so long, and then as long again. */
  const SILENT_MS = 1100;
  const PATIENCE_MS = 60_000;
  const outcomes = async (intent: string): Promise<unknown[]> =>
    (await here.kernel.store.entries({ intent: intent as never, kind: "action.outcome", limit: 10 })).map(
      ({ body }) => (body as unknown as LedgerEntry).outcome?.status,
    );
  const statusOf = async (): Promise<unknown> => (await here.kernel.store.get("point", point))?.state;
  /** Another server, as far as it has looked. */
  const beside = async (): Promise<ServedPoints> => {
    const other = new ServedPoints(here.beside(), () => now);
    await other.begin();
    return other;
  };
  const swept = async (...servers: readonly ServedPoints[]): Promise<void> => {
    await Promise.all(servers.map(async (one) => await one.sweep()));
    await Promise.all(servers.map(async (one) => await (one as unknown as { closing: Promise<void> | null }).closing));
  };
  const away = async (...servers: readonly ServedPoints[]): Promise<void> => {
    for (let i = 0; i < 3; i += 1) {
      now += SILENT_MS;
      await swept(...servers);
    }
    await swept(...servers);
    expect(await statusOf()).toMatchObject({ status: "away", unclosed: true });
  };

  it("has what it had begun closed in time, once, whichever server does it", verifies("INV-6"), async () => {
    await join("one", 0);
    const [intent, second] = [await begun(), await begun()];
    const other = await beside();
    await away(served, other);
    expect(await outcomes(intent)).toEqual([]);
    now += PATIENCE_MS;
    await swept(served, other, await beside());
    await swept(served, other);
    expect([await outcomes(intent), await outcomes(second), await open()]).toEqual([["unknown"], ["unknown"], []]);
    expect(await statusOf()).not.toHaveProperty("unclosed");
  });

  it("by another server, when the one is gone that saw it leave", async () => {
    await join("one", 0);
    const intent = await begun();
    await away(served);
    const later = await beside();
    await swept(later);
    now += PATIENCE_MS;
    await swept(later);
    expect(await outcomes(intent)).toEqual(["unknown"]);
  });

  it("is left alone while it may hold a lease, and when it has come back", async () => {
    await join("one", 0);
    const intent = await begun();
    await away(served);
    await join("one", 1);
    now += PATIENCE_MS;
    await served.renew({ point, instance: "one", applied: 0, clock: Date.now() });
    await swept(served);
    expect(await outcomes(intent)).toEqual([]);
    expect(await statusOf()).toMatchObject({ status: "active" });
  });

  it("says the last word when it comes back after that", async () => {
    await join("one", 0);
    const intent = await begun();
    await away(served);
    now += PATIENCE_MS;
    await swept(served);
    await join("one", 1);
    const ended = { ...make.draft(), kind: "action.outcome", intent } as const;
    const outcome = { status: "ok", resultCommitment: null, bytes: 1 } as const;
    await here.kernel.store.commit({ entries: [make.entry(point, { ...ended, outcome } as never)] });
    expect(await outcomes(intent)).toEqual(["unknown", "ok"]);
  });
});

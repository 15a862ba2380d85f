import type { LedgerEntry } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeIntentsOf } from "./close-intents.ts";
import { openKeyRing } from "../keys/index.ts";
import { Points } from "../points/index.ts";
import { Samples } from "../store/testing/samples.ts";
import { LedgerFixture } from "./testing/ledger-fixture.ts";
import { who } from "./who.ts";

const make = new Samples();
const point = make.id("ep");
let at: LedgerFixture;
beforeEach(async () => {
  at = new LedgerFixture(() => make.entry(point, make.draft({ cause: { n: make.id("dec") } })));
  await at.open();
});
afterEach(async () => {
  await at.close();
  at.remove();
});

describe("closeIntentsOf", () => {
  it("gives what a crash cut off the outcome unknown, once", async () => {
    const chain = make.chain();
    const intents = Array.from({ length: 300 }, () => make.id("int"));
    await Promise.all(
      intents.map((intent) => at.store.commit({ entries: [make.entry(point, make.intent(chain, intent))] })),
    );
    await at.store.commit({ entries: [make.entry(point, make.outcome(chain, intents[7]!))] });
    await at.close({ crash: true });
    await at.open();
    const elsewhere = make.id("int");
    await at.store.commit({ entries: [make.entry(make.id("ep"), make.intent(chain, elsewhere))] });
    const closing = { store: at.store, pointId: point, now: () => 1_800_000_000_000, random: make.random };
    expect([await closeIntentsOf(closing, point), await closeIntentsOf(closing, point)]).toEqual([299, 0]);
    // What another point has under way is its own.
    expect((await at.store.openIntents()).map(({ body }) => (body as unknown as LedgerEntry).intent)).toEqual([
      elsewhere,
    ]);
    const [outcome] = await at.store.entries({ intent: intents[8]!, kind: "action.outcome", limit: 9 });
    expect(outcome?.body).toMatchObject({
      chain,
      outcome: { status: "unknown", resultCommitment: null, bytes: 0 },
      cause: { recovered: true },
    });
    expect(await at.store.entries({ intent: intents[7]!, kind: "action.outcome", limit: 9 })).toHaveLength(1);
  });
});

describe("who", () => {
  it("pairs intents with outcomes, newest first, with refusals between, and goes on where it ended", async () => {
    const { store } = at;
    const file = "file:/srv/records/executives.json";
    const chains = [make.chain(), make.chain()];
    const intents = [make.id("int"), make.id("int"), make.id("int")];
    await store.commit({ entries: [make.entry(point, make.intent(chains[0]!, intents[0]!, file))] });
    await store.commit({ entries: [make.entry(point, { ...make.outcome(chains[0]!, intents[0]!), resource: file })] });
    await store.commit({
      entries: [make.entry(point, make.draft({ kind: "decision", chain: chains[1]!, resource: file }))],
    });
    await store.commit({ entries: [make.entry(point, make.intent(chains[1]!, intents[1]!, file))] });
    await store.commit({ entries: [make.entry(point, make.intent(chains[1]!, intents[2]!, "file:/elsewhere"))] });
    const keys = await openKeyRing(store, Buffer.alloc(32), { random: make.random, now: Date.now });
    const kernel = { store, keys, points: new Points(store), pointId: point };
    const { acts, next } = await who(kernel, { resource: "file:/srv/**", limit: 10 });
    expect(acts.map(({ index, outcome }) => [index, outcome])).toEqual([
      [3, null],
      [2, null],
      [0, "ok"],
    ]);
    expect(next).toBeNull();
    expect(acts[2]).toMatchObject(chains[0]!);
    const indexes = async (query: object): Promise<[number[], string | null]> => {
      const page = await who(kernel, { limit: 5, ...query });
      return [page.acts.map(({ index }) => index), page.next];
    };
    expect(await indexes({ resource: file, limit: 2 })).toEqual([[3, 2], "2"]);
    expect(await indexes({ resource: file, limit: 2, before: 2 })).toEqual([[0], null]);
    expect(await indexes({ agent: chains[1]!.agent })).toEqual([[4, 3, 2], null]);
    expect(await indexes({ resource: "file:/none" })).toEqual([[], null]);
  });
});

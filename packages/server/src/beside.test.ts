import { randomBytes } from "node:crypto";
import { type AnyRecord, type PointId, newId } from "@countersign/core";
import type { Snapshot } from "@countersign/enforce";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Activity } from "./activity/index.ts";
import { Feed } from "./events/index.ts";
import { type Kernel, change, serverEntry } from "./kernel.ts";
import { openKeyRing } from "./keys/index.ts";
import { Follow, type Followed, Points } from "./points/index.ts";
import { type LedgerStore, type Put, openStore } from "./store/index.ts";
import { Samples } from "./store/testing/samples.ts";
import { type Postgres, startPostgres } from "./testing/index.ts";

const make = new Samples();
const random = (length: number): Uint8Array => randomBytes(length);
type Server = Kernel & { readonly store: LedgerStore };

let postgres: Postgres;
let databases = 0;
let here: Server;
let there: Server;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => await postgres.stop());
beforeEach(async () => {
  databases += 1;
  const url = await postgres.url(`beside${String(databases)}`);
  here = await server(url);
  there = await server(url);
});
afterEach(async () => await Promise.all([here.store.close(), there.store.close()]));

/** What one server stands on, with a connection of its own to the database that it shares. */
async function server(url: string): Promise<Server> {
  const store = await openStore({ url, clock: Date.now });
  const keys = await store.exclusively(
    async () => await openKeyRing(store, Buffer.alloc(32, 7), { random, now: Date.now }),
  );
  const pointId = newId("ep", Date.now(), random);
  const log = pino({ level: "silent" });
  const common = { random, now: Date.now, log, pointId, hint: () => {}, gatewayUrl: () => null };
  return { ...common, store, keys, points: new Points(store) };
}

async function brake({ store, ...kernel }: Server): Promise<Put> {
  const put = make.freeze({ type: "all", value: "*" });
  const entries = [serverEntry({ ...kernel, store }, "brake", { action: "brake.freeze", changes: [put] })];
  await change({ ...kernel, store }, { put: [put], entries });
  return put;
}

/** A point that is connected to a server, and what it is pushed. */
function connected({ points, store }: Server): { readonly pushed: Snapshot[]; readonly id: PointId } {
  const pushed: Snapshot[] = [];
  const id = newId("ep", Date.now(), random);
  points.connect({
    id,
    name: "mcp",
    lease: { valid: () => true, silentMs: () => 0 },
    push: async (snapshot) => {
      pushed.push(snapshot);
      const { generation, version } = snapshot;
      return await Promise.resolve({ point: id, name: "mcp", generation, version, inFlight: [] });
    },
  });
  points.begin(id, []);
  expect(store.generation).toBeGreaterThan(0);
  return { pushed, id };
}

describe("Follow", () => {
  it("pushes what another server committed, once, and says what it was", async () => {
    const { pushed } = connected(here);
    const told: Followed[] = [];
    const follow = await Follow.begin({ ...here, onFollowed: (followed) => told.push(followed) });
    const foreign = await brake(there);
    await expect
      .poll(() => told.flatMap(({ names }) => names.map(({ id }) => id)), { interval: 5 })
      .toEqual([foreign.id]);
    expect(pushed.flatMap(({ records }) => records).map(({ id }: AnyRecord) => id)).toEqual([foreign.id]);
    await follow.end();
  });

  it("pushes each change beside those of this server, and misses none", async () => {
    const { pushed } = connected(here);
    const told: Followed[] = [];
    const follow = await Follow.begin({ ...here, onFollowed: (followed) => told.push(followed) });
    const all: Put[] = [];
    for (let round = 0; round < 10; round += 1)
      all.push(...(await Promise.all([brake(here), brake(there), brake(there)])));
    all.push(await brake(there));
    const head = (await here.store.head()).version;
    await expect.poll(() => told.at(-1)?.version, { interval: 5 }).toBe(head);
    const ids = pushed.flatMap(({ records }) => records).map(({ id }: AnyRecord) => id);
    expect(new Set(ids)).toEqual(new Set(all.map(({ id }) => id)));
    expect(told.flatMap(({ names }) => names).length).toBeLessThan(all.length);
    await follow.end();
  });

  it("tells nobody any more when it has ended", async () => {
    const { pushed } = connected(here);
    const follow = await Follow.begin({ ...here, onFollowed: () => {} });
    await follow.end();
    await brake(there);
    expect((await here.store.changes(0, ["brake"])).records).toHaveLength(1);
    expect(pushed).toEqual([]);
  });
});

describe("Feed", () => {
  it("gives a stream the number of a change only when all before it were told", async () => {
    const feed = new Feed(here);
    const follow = await Follow.begin({ ...here, onFollowed: (followed) => feed.followed(followed) });
    const stream = await feed.open({ kind: "local" }, null);
    const parts: string[] = [];
    stream.body.on("data", (part: Buffer) => parts.push(part.toString("utf8")));
    const first = await brake(there);
    await brake(here);
    await expect.poll(() => parts.join("").includes("id: 2\n"), { interval: 5 }).toBe(true);
    // Whoever comes back with the number of the second was told of the first.
    const upTo = parts.slice(0, parts.findIndex((part) => part.includes("id: 2\n")) + 1);
    expect(upTo.join("")).toContain(first.id);
    feed.close();
    await follow.end();
  });
});

describe("Activity", () => {
  it("adds what the other servers have counted, and counts nothing twice after a restart", async () => {
    const act = async ({ store }: Server): Promise<void> => {
      const draft = make.draft({
        kind: "decision",
        time: new Date().toISOString(),
        id: newId("ent", Date.now(), random),
        decision: { result: "deny", step: "grant", code: "grant.missing", policyIds: [], policySetHash: "" },
      });
      await store.commit({ entries: [make.entry(newId("ep", Date.now(), random), draft)] });
    };
    const denied = (activity: Activity): number => activity.lastHour().minutes.reduce((sum, { deny }) => sum + deny, 0);
    const [one, two] = [new Activity(here), new Activity(there)];
    await one.begin();
    await two.begin();
    await Promise.all([act(here), act(here), act(there)]);
    expect([denied(one), denied(two)]).toEqual([2, 1]);
    await Promise.all([one.share(), two.share()]);
    await Promise.all([one.share(), two.share()]);
    expect([denied(one), denied(two)]).toEqual([3, 3]);
    one.end();
    const again = new Activity(here);
    await again.begin();
    expect(denied(again)).toBe(3);
    await here.store.board.post("activity", [{ key: "x", value: { minutes: "many" } }], 60_000);
    await again.share();
    expect(denied(again)).toBe(3);
    again.end();
    two.end();
  });
});

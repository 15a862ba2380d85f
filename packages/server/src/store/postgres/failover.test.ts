import { once } from "node:events";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PostgresPair, startPostgresPair } from "../../testing/index.ts";
import type { LedgerStore } from "../journal.ts";
import { openStore } from "../open-store.ts";
import { Load, lost } from "../testing/load.ts";
import { Samples } from "../testing/samples.ts";

const MINUTE = 60_000;
const make = new Samples(5);
const entry = { entries: [make.entry(make.id("ep"))] };

let pair: PostgresPair;
beforeAll(async () => {
  pair = await startPostgresPair();
}, MINUTE);
afterAll(async () => {
  await pair.stop();
}, MINUTE);

async function open(name: string): Promise<LedgerStore> {
  return await openStore({ url: await pair.url(name), clock: Date.now });
}

// In this order: the pair is used up by the failover.
describe("a primary with a synchronous standby", () => {
  it("is found beside its standby, which alone is refused", async () => {
    const store = await open("found");
    expect(await store.head()).toEqual({ generation: 1, version: 0 });
    await store.close();
    await expect(openStore({ url: standbyUrl("found"), clock: Date.now })).rejects.toMatchObject({
      code: "ledger.unavailable",
      detail: expect.stringContaining("it is a standby"),
    });
  });

  it("asks a standby again, which may be promoted, and does not wait for a host that is silent", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket.resume()));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const url = standbyUrl("postgres").replace("@", `@127.0.0.1:${String(port)},`);
    await expect(openStore({ url, clock: Date.now })).rejects.toMatchObject({
      code: "ledger.unavailable",
      detail: expect.stringContaining("it is a standby"),
    });
    // Whoever waits for it has given it up only after its own time.
    expect(sockets.map((socket) => socket.closed)).toEqual([false]);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it(
    "never calls a commit done that its standby does not have: not late, not when the wait was cancelled",
    async () => {
      const store = await open("alone");
      expect(await store.commit(entry)).toMatchObject({ ok: true });
      await pair.standby.kill9();
      const warned = { code: "ledger.unavailable", detail: expect.stringContaining("warned") };
      const commit = store.commit({ entries: [make.entry(make.id("ep"))] }).catch((error: unknown) => error);
      await expect(store.head()).rejects.toMatchObject({ code: "ledger.unavailable" });
      // Somebody ends the wait by hand: the server says that it is committed, with a warning.
      const cancel =
        "SELECT pg_cancel_backend(pid) AS done FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'";
      await expect.poll(async () => (await pair.primary.query(cancel)).length, { timeout: 5000 }).toBeGreaterThan(0);
      expect(await commit).toMatchObject(warned);
      await expect(store.commit({ entries: [make.entry(make.id("ep"))] })).rejects.toMatchObject({
        code: "ledger.unavailable",
      });
      await pair.standby.restart();
      await expect
        .poll(async () => (await store.commit({ entries: [make.entry(make.id("ep"))] }).catch(() => null))?.ok, {
          timeout: 20_000,
        })
        .toBe(true);
      expect(await store.audit()).toEqual([]);
      await store.close();
    },
    2 * MINUTE,
  );

  it(
    "loses nothing that was acknowledged when it dies and its standby takes over, and the one that comes back is not believed",
    async () => {
      const [store, other] = [await open("over"), await open("over")];
      const loads = [new Load(store, 16, 1), new Load(other, 16, 2)];
      await Promise.all(loads.map(async (load) => load.more(150)));
      await pair.primary.kill9();
      await pair.promote();
      await Promise.all(loads.map(async (load) => load.more(150)));
      await Promise.all(loads.map(async (load) => load.end()));
      for (const { acknowledged, refused } of loads) {
        expect(await lost(store, acknowledged)).toEqual([]);
        expect(new Set(refused)).toEqual(new Set(["ledger.unavailable"]));
      }
      expect(await store.audit()).toEqual([]);
      const head = await store.head();
      expect([head.generation, store.generation, (await other.head()).version]).toEqual([2, 2, head.version]);
      await deposedIsRefused(store);
      await Promise.all([store.close(), other.close()]);
    },
    3 * MINUTE,
  );
});

function standbyUrl(database: string): string {
  return `postgres://countersign:only-for-tests@127.0.0.1:${String(pair.standby.port)}/${database}`;
}

/** The former primary is back, stands first in the URL, and believes that it is the primary. */
async function deposedIsRefused(running: LedgerStore): Promise<void> {
  await pair.primary.restart();
  const alone = await openStore({ url: await pair.primary.url("over"), clock: Date.now });
  expect(alone.generation).toBe(1);
  await expect(alone.head()).rejects.toMatchObject({ code: "ledger.unavailable" });
  await expect(alone.head()).rejects.toMatchObject({ code: "ledger.unavailable" });
  await expect(alone.commit({ entries: [make.entry(make.id("ep"))] })).rejects.toMatchObject({
    code: "ledger.unavailable",
  });
  await alone.close();
  const fresh = await open("over");
  expect((await fresh.head()).generation).toBe(2);
  await fresh.close();
  // The new primary dies: one that saw it does not go back to the old one.
  await pair.standby.kill9();
  await expect(running.commit({ entries: [make.entry(make.id("ep"))] })).rejects.toMatchObject({
    code: "ledger.unavailable",
  });
  await expect(running.head()).rejects.toMatchObject({ code: "ledger.unavailable" });
  await expect(running.commit({ entries: [make.entry(make.id("ep"))] })).rejects.toMatchObject({
    code: "ledger.unavailable",
    detail: expect.stringContaining("deposed primary"),
  });
  await pair.standby.restart();
  await expect
    .poll(async () => running.commit({ entries: [make.entry(make.id("ep"))] }).catch(() => null), { timeout: 20_000 })
    .toMatchObject({ ok: true });
}

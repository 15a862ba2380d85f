import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../../testing/index.ts";
import { openStore } from "../open-store.ts";
import { Load, lost } from "../testing/load.ts";
import { parseAddress } from "./address.ts";
import { LOCK_HEAD } from "./group-sql.ts";
import { Session } from "./session.ts";

const MINUTE = 60_000;

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, MINUTE);
afterAll(async () => {
  await postgres.stop();
}, MINUTE);

describe("a database that is killed", () => {
  it(
    "loses nothing that was acknowledged, under load, and the store goes on by itself",
    async () => {
      const url = await postgres.url("killed");
      const stores = [await openStore({ url, clock: Date.now }), await openStore({ url, clock: Date.now })];
      const loads = stores.map((store, i) => new Load(store, 16, i + 1));
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(loads.map(async (load) => load.more(100)));
        await postgres.kill9();
        await postgres.restart();
        expect(await postgres.query("SELECT count(*)::int AS n FROM countersign.board", "killed")).toEqual([{ n: 0 }]);
      }
      await Promise.all(loads.map(async (load) => load.more(100)));
      await Promise.all(loads.map(async (load) => load.end()));
      const [first, second] = stores as [(typeof stores)[0], (typeof stores)[0]];
      for (const { acknowledged, refused } of loads) {
        expect(await lost(first, acknowledged)).toEqual([]);
        expect(new Set(refused)).toEqual(new Set(["ledger.unavailable"]));
      }
      const versions = await Promise.all(stores.map(async (store) => (await store.head()).version));
      expect(versions[0]).toBe(versions[1]);
      expect(await second.audit()).toEqual([]);
      await Promise.all(stores.map(async (store) => store.close()));
    },
    3 * MINUTE,
  );

  it(
    "refuses what is asked while it is away, and answers when it is back, without being opened again",
    async () => {
      const store = await openStore({ url: await postgres.url("away"), clock: Date.now });
      await store.board.post("t", [{ key: "k", value: 1 }], MINUTE);
      await postgres.kill9();
      const unavailable = expect.objectContaining({ code: "ledger.unavailable" });
      await expect(store.commit({ blobs: [{ name: "a", bytes: new Uint8Array(1) }] })).rejects.toThrow(unavailable);
      await expect(store.head()).rejects.toThrow(unavailable);
      await expect(store.get("human", "hum_x")).rejects.toThrow(unavailable);
      await expect(store.eraseBlob("a")).rejects.toThrow(unavailable);
      await expect(store.board.post("t", [{ key: "k", value: 1 }], MINUTE)).rejects.toThrow(unavailable);
      await expect(store.exclusively(async () => Promise.resolve())).rejects.toThrow(unavailable);
      await expect(store.audit()).rejects.toThrow(unavailable);
      await postgres.restart();
      expect(await store.commit({ blobs: [{ name: "a", bytes: new Uint8Array(1) }] })).toMatchObject({ ok: true });
      expect(await store.head()).toEqual({ generation: 1, version: 0 });
      expect(await store.blob("a")).toEqual(new Uint8Array(1));
      expect(await store.board.read("t")).toEqual([]);
      await store.close();
    },
    MINUTE,
  );
});

describe("a server that stands still", () => {
  it("holds the others up for two seconds at most when it stopped within a commit", async () => {
    const url = await postgres.url("still");
    const store = await openStore({ url, clock: Date.now });
    const address = parseAddress(url);
    const session = await Session.open(address, address.hosts[0]!, { answerMs: 0, statementMs: 0 });
    let ended = false;
    session.onEnd(() => (ended = true));
    await session.script("BEGIN");
    await session.rows(LOCK_HEAD);
    expect(await store.commit({ blobs: [{ name: "a", bytes: new Uint8Array(1) }] })).toMatchObject({ ok: true });
    expect(ended).toBe(true);
    await store.close();
  });

  it("is refused when it finds the database in use by a commit that does not end", async () => {
    const url = await postgres.url("held");
    const store = await openStore({ url, clock: Date.now });
    const address = parseAddress(url);
    const session = await Session.open(address, address.hosts[0]!, { answerMs: 0, statementMs: 0 });
    await session.script("SET idle_in_transaction_session_timeout = 0; BEGIN");
    await session.rows(LOCK_HEAD);
    await expect(store.commit({ blobs: [{ name: "a", bytes: new Uint8Array(1) }] })).rejects.toMatchObject({
      code: "ledger.unavailable",
      detail: expect.stringContaining("lock timeout"),
    });
    await session.script("ROLLBACK");
    expect(await store.commit({ blobs: [{ name: "a", bytes: new Uint8Array(1) }] })).toMatchObject({ ok: true });
    await session.close();
    await store.close();
  });
});

import type { Chain, Json } from "@countersign/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../../testing/index.ts";
import type { LedgerStore } from "../journal.ts";
import { openStore } from "../open-store.ts";
import type { Committed, Put } from "../store.ts";
import { entryOf, ok } from "../testing/opened-store.ts";
import { Samples } from "../testing/samples.ts";

const MINUTE = 60_000;

let postgres: Postgres;
let url: string;
beforeAll(async () => {
  postgres = await startPostgres();
  url = await postgres.url("beside");
}, 60_000);
afterAll(async () => {
  await postgres.stop();
}, 60_000);

/** Two servers over one database: what each of them may rely on. */
describe("stores beside each other", () => {
  let stores: readonly [LedgerStore, LedgerStore];
  const make = new Samples();
  const point = make.id("ep");
  const open = async (): Promise<LedgerStore> => await openStore({ url, clock: Date.now });
  const put = async (store: LedgerStore, record: Put): Promise<Committed> =>
    await store.commit({ put: [record], entries: [make.entry(point, make.draft(), [record])] });

  beforeEach(async () => {
    // At once: one of them makes the schema, the other waits for it.
    stores = await Promise.all([open(), open()]);
  });
  afterEach(async () => {
    await Promise.all(stores.map(async (store) => store.close()));
    await postgres.query("DROP SCHEMA countersign CASCADE", "beside");
  });

  it("number commits and entries in the order of the commits, without gaps, whoever writes", async () => {
    const chains = [make.chain(), make.chain()];
    const seen: [number, number][][] = [[], []];
    const work = stores.flatMap((store, s) =>
      Array.from({ length: 150 }, async (_, i) => {
        const record = make.human();
        const entries = [
          make.entry(point, make.draft(), [record]),
          make.entry(point, make.intent(chains[i % 2] as Chain, make.id("int"))),
        ];
        const expect = i % 10 === 0 ? [{ kind: "human", id: "hum_none", version: 9 } as const] : [];
        const committed = await store.commit({ expect, put: [record], entries });
        if (committed.ok) seen[s]?.push([committed.version, committed.indexes[0] ?? -1]);
        return committed.ok;
      }),
    );
    const kept = (await Promise.all(work)).filter(Boolean).length;
    expect(kept).toBe(270);
    const order = seen.flat().toSorted(([a], [b]) => a - b);
    expect(order.map(([version]) => version)).toEqual(order.map((_, i) => i + 1));
    expect(order.map(([, index]) => index)).toEqual(order.map((_, i) => 2 * i));
    const entries = await stores[1].entries({ limit: 1000 });
    expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: 540 }, (_, i) => i));
    expect(entries.map((entry) => entryOf(entry).pointSeq)).toEqual(entries.map((_, i) => i + 1));
    for (const chain of chains) {
      const counts = (await stores[0].entries({ task: chain.task as string, limit: 1000 })).map(
        (e) => entryOf(e).taskSeq,
      );
      expect(counts).toEqual(counts.map((_, i) => i + 1));
    }
    for (const store of stores) expect(await store.audit()).toEqual([]);
  });

  it("number commits that have no entry too", async () => {
    const report = (): Put => ({
      kind: "posture",
      id: make.id("dev"),
      terms: { evidence: "e30" },
      state: { status: "reported" },
      authority: null,
    });
    const versions: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      const committed = await Promise.all(stores.map(async (store) => store.commit({ put: [report()] })));
      versions.push(...committed.map((one) => ok(one).version));
    }
    expect(versions.toSorted((a, b) => a - b)).toEqual(versions.map((_, i) => i + 1));
  });

  it("see at once what the other committed: records, lists, brakes", async () => {
    const [one, other] = stores;
    const chain = make.chain();
    const guard = { chain, resource: "file:/srv/x" };
    const attempt = async (store: LedgerStore): Promise<Committed> =>
      await store.commit({ guard, entries: [make.entry(point, make.intent(chain, make.id("int")))] });
    // Both know that there is no brake.
    expect([(await attempt(one)).ok, (await attempt(other)).ok]).toEqual([true, true]);
    const brake = make.freeze({ type: "resource", value: "file:/srv/**" });
    ok(await put(one, brake));
    expect(await attempt(other)).toEqual({ ok: false, code: "braked", brake: brake.id, kind: "freeze" });
    ok(await put(other, make.freeze({ type: "resource", value: "file:/srv/**" }, "thawed", brake.id as never)));
    expect(await attempt(one)).toMatchObject({ ok: true });
    const human = make.human();
    const { version } = ok(await put(one, human));
    expect(await other.get("human", human.id)).toMatchObject({ version });
    expect(await other.commit({ expect: [{ kind: "human", id: human.id, version: 0 }] })).toMatchObject({
      code: "conflict",
    });
    const unchanged = [{ kind: "human", status: "active", since: version - 1 } as const];
    expect(await other.commit({ unchanged })).toMatchObject({ code: "conflict" });
  });

  it("read the version from the primary after the question, whoever committed", async () => {
    const [one, other] = stores;
    for (let i = 0; i < 10; i += 1) {
      const { version } = ok(await put(one, make.human()));
      expect(await other.head()).toEqual({ generation: one.generation, version });
    }
    const rows = await postgres.query("SELECT count(*)::int AS n FROM countersign.heartbeats", "beside");
    expect(rows).toEqual([{ n: 1 }]);
  });

  it("are told what another committed, and not what they did themselves", async () => {
    const [one, other] = stores;
    const told = Promise.withResolvers<void>();
    let own = 0;
    const ends = [other.onForeignCommit(() => told.resolve()), one.onForeignCommit(() => (own += 1))];
    const grown = other.journal.grown(0);
    for (let i = 0; i < 20; i += 1) ok(await put(one, make.human()));
    await Promise.all([told.promise, grown]);
    await expect.poll(() => other.journal.size()).toBe(20);
    expect(own).toBe(0);
    for (const end of ends) end();
  });

  it("are told without notifications too", async () => {
    const [one, other] = stores;
    let told = 0;
    other.onForeignCommit(() => (told += 1));
    const listening =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LISTEN%' OR query = 'SELECT 1'";
    const tries = setInterval(() => void postgres.query(listening).catch(() => undefined), 20);
    ok(await put(one, make.human()));
    await expect.poll(() => told, { timeout: 5000 }).toBeGreaterThan(0);
    clearInterval(tries);
  });

  it("share the board: one takes, both are told", async () => {
    const [one, other] = stores;
    const topics: string[] = [];
    const end = other.board.onPost((topic) => topics.push(topic));
    // The other listens only when its connection stands.
    await expect
      .poll(async () => {
        await one.board.post("hello world", [{ key: "k", value: 1 }], MINUTE);
        return topics.includes("hello world");
      })
      .toBe(true);
    end();
    const taken = await Promise.all(
      stores.flatMap((s) => [s.board.take("hello world", "k"), s.board.take("hello world", "k")]),
    );
    expect(taken.filter((value): value is Json => value !== null)).toEqual([1]);
  });

  it("replace the checkpoint only over the one that is expected", async () => {
    const [one, other] = stores;
    const won = await Promise.all(
      stores.map(async ({ journal }, i) => journal.replaceCheckpoint(null, `first ${String(i)}`)),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    const first = await one.journal.checkpoint();
    expect(first).toBe(await other.journal.checkpoint());
    expect(await other.journal.replaceCheckpoint(first, "second")).toBe(true);
    expect(await one.journal.replaceCheckpoint(first, "third")).toBe(false);
  });

  it("are alone one at a time", async () => {
    const order: string[] = [];
    const alone = async (store: LedgerStore, letter: string): Promise<void> =>
      await store.exclusively(async () => {
        order.push(letter);
        await store.board.read("x");
        order.push(letter);
      });
    await Promise.all(Array.from({ length: 6 }, async (_, i) => alone(stores[(i % 2) as 0 | 1], String(i))));
    for (let i = 0; i < order.length; i += 2) expect(order[i]).toBe(order[i + 1]);
    expect(new Set(order).size).toBe(6);
  });

  it("say so when somebody was alone over a connection that was lost", async () => {
    const work = stores[0].exclusively(async () => {
      await postgres.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'");
      await expect
        .poll(async () => (await postgres.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")).length)
        .toBe(0);
      await stores[0].board.read("x");
    });
    await expect(work).rejects.toMatchObject({ code: "ledger.unavailable" });
  });
});

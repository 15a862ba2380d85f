import type { JsonObject, LedgerEntry } from "@countersign/core";
import { canonicalJson } from "@countersign/core";
import { leafHasher, sha256 } from "@countersign/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LedgerStore } from "../journal.ts";
import { recordDigest } from "../pack-commit.ts";
import type { Committed, StoredEntry } from "../store.ts";
import { Samples } from "./samples.ts";

/** A database that can be opened again with what it held. */
export interface OpenedDatabase {
  open(): Promise<LedgerStore>;
  remove(): Promise<void>;
}

const decoder = new TextDecoder();
const entryOf = (stored: StoredEntry | null | undefined): LedgerEntry => stored?.body as unknown as LedgerEntry;

/** The milliseconds that an id begins with: the first 48 of its 128 bits. */
function timeOfId(id: string): number {
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const number = Array.from(id.slice(4)).reduce((sum, digit) => sum * 62n + BigInt(digits.indexOf(digit)), 0n);
  return Number(number >> 80n);
}

function ok(committed: Committed): Extract<Committed, { ok: true }> {
  if (!committed.ok) throw new Error(`refused: ${JSON.stringify(committed)}`);
  return committed;
}

/** What every store must do, whatever database is under it. */
export function storeSuite(name: string, create: () => Promise<OpenedDatabase>): void {
  describe(`store on ${name}`, () => {
    let database: OpenedDatabase;
    let store: LedgerStore;
    let make: Samples;
    let point: ReturnType<typeof make.id<"ep">>;
    beforeEach(async () => {
      database = await create();
      store = await database.open();
      make = new Samples();
      point = make.id("ep");
    });
    afterEach(async () => {
      await store.close();
      await database.remove();
    });

    async function reopen(): Promise<void> {
      await store.close();
      store = await database.open();
    }

    describe("records", () => {
      it("gives back what was put, with the number of the commit", async () => {
        const human = make.human();
        const { version } = ok(
          await store.commit({ put: [human], entries: [make.entry(point, make.draft(), [human])] }),
        );
        expect(await store.get("human", human.id)).toEqual({ ...human, version });
        expect(await store.get("human", make.id("hum"))).toBeNull();
        expect(await store.get("agent", human.id)).toBeNull();
      });

      it("counts commits that put a record, and no others", async () => {
        const put = [make.human()];
        const first = ok(await store.commit({ put, entries: [make.entry(point, make.draft(), put)] }));
        const between = ok(await store.commit({ entries: [make.entry(point)] }));
        const next = [make.human(), make.human()];
        const second = ok(await store.commit({ put: next, entries: [make.entry(point, make.draft(), next)] }));
        expect([first.version, between.version, second.version]).toEqual([1, 1, 2]);
        expect((await store.changes(1, ["human"])).records.map(({ version }) => version)).toEqual([2, 2]);
      });

      it("finds by every lookup key, newest last, and the newest ones within a limit", async () => {
        const owner = make.human();
        const agents = ["a", "b", "c"].map((letter) => make.agent(owner.id as never, letter));
        for (const put of [owner, ...agents])
          await store.commit({ put: [put], entries: [make.entry(point, make.draft(), [put])] });
        const changed = { ...agents[0]!, state: { status: "retired", executables: [] } } as (typeof agents)[number];
        await store.commit({ put: [changed], entries: [make.entry(point, make.draft(), [changed])] });
        const names = async (where: object): Promise<unknown[]> =>
          (await store.find("agent", where)).map(({ terms }) => terms.name);
        expect(await names({})).toEqual(["a", "b", "c"]);
        expect(await names({ limit: 2 })).toEqual(["b", "c"]);
        expect(await names({ status: "active" })).toEqual(["b", "c"]);
        expect(await names({ owner: owner.id, status: "retired" })).toEqual(["a"]);
        expect(await names({ key: "c" })).toEqual(["c"]);
        expect(await names({ owner: "hum_other" })).toEqual([]);
        expect(await store.find("human", { key: "c2VhbGVk" })).toEqual([]);
      });

      it("tells what changed after a version, per kind, once each", async () => {
        const human = make.human();
        const brake = make.freeze({ type: "all", value: "*" });
        await store.commit({ put: [human], entries: [make.entry(point, make.draft(), [human])] });
        await store.commit({ put: [brake], entries: [make.entry(point, make.draft(), [brake])] });
        const gone = make.human(human.id as never, "inactive");
        await store.commit({ put: [gone], entries: [make.entry(point, make.draft(), [gone])] });
        const { version, records } = await store.changes(1, ["human", "brake"]);
        expect(version).toBe(3);
        expect(records.map(({ kind, version: at }) => [kind, at])).toEqual([
          ["brake", 2],
          ["human", 3],
        ]);
        expect(await store.changes(3, ["human", "brake"])).toEqual({ version: 3, records: [] });
        expect((await store.changes(0, ["brake"])).records).toHaveLength(1);
      });

      it("pages backwards, counts without reading, and names what changed", async () => {
        const owner = make.human();
        const agents = ["a", "b", "c"].map((letter) => make.agent(owner.id as never, letter));
        const seen: [number, number][] = [];
        const end = store.watch(({ put = [] }, version) => seen.push([put.length, version]));
        for (const put of [owner, ...agents])
          await store.commit({ put: [put], entries: [make.entry(point, make.draft(), [put])] });
        await store.commit({
          put: [owner],
          expect: [{ kind: "human", id: owner.id, version: 99 }],
          entries: [make.entry(point, make.draft(), [owner])],
        });
        end();
        await store.commit({ entries: [make.entry(point)] });
        expect(seen).toEqual([1, 2, 3, 4].map((version) => [1, version]));
        const older = await store.find("agent", { before: agents[2]!.id, limit: 1 });
        expect(older.map(({ id }) => id)).toEqual([agents[1]!.id]);
        expect(await store.find("agent", { before: agents[0]!.id })).toEqual([]);
        expect(await store.find("agent", { before: "agt_unknown" })).toEqual([]);
        expect(await store.count("agent")).toBe(3);
        expect(await store.count("agent", { key: "a", status: "active" })).toBe(1);
        expect(await store.changed(2, 1)).toEqual([{ kind: "agent", id: agents[1]!.id, version: 3 }]);
        expect(await store.changed(4, 10)).toEqual([]);
      });

      it("refuses a change without an entry that names it, but not a posture report", async () => {
        const human = make.human();
        await expect(store.commit({ put: [human], entries: [make.entry(point)] })).rejects.toMatchObject({
          code: "internal.error",
        });
        await expect(store.commit({ entries: [make.entry(point, make.draft(), [human])] })).rejects.toMatchObject({
          code: "internal.error",
        });
        const device = make.id("dev");
        const posture = {
          kind: "posture",
          id: device,
          terms: { evidence: "e30" },
          state: { status: "reported" },
          authority: null,
        } as const;
        expect(ok(await store.commit({ put: [posture] })).version).toBe(1);
        expect(await store.get("posture", device)).toMatchObject({ terms: { evidence: "e30" } });
      });
    });

    describe("expectations and guard", () => {
      it("refuses another version than expected, and leaves no trace", async () => {
        const human = make.human();
        const put = [human];
        const entries = [make.entry(point, make.draft(), put)];
        const absent = { kind: "human", id: human.id, version: 0 } as const;
        ok(await store.commit({ expect: [absent], put, entries, blobs: [{ name: "a", bytes: new Uint8Array([1]) }] }));
        const size = store.journal.size();
        const second = {
          expect: [absent],
          put,
          entries: [make.entry(point, make.draft(), put)],
          blobs: [{ name: "b", bytes: new Uint8Array([1]) }],
        };
        expect(await store.commit(second)).toEqual({ ok: false, code: "conflict" });
        expect([store.journal.size(), await store.blob("b"), (await store.get("human", human.id))?.version]).toEqual([
          size,
          null,
          1,
        ]);
      });

      it("lets exactly one of many racing changes win", async () => {
        const human = make.human();
        const race = Array.from({ length: 50 }, async () =>
          store.commit({
            expect: [{ kind: "human", id: human.id, version: 0 }],
            put: [human],
            entries: [make.entry(point, make.draft(), [human])],
          }),
        );
        const won = (await Promise.all(race)).filter((committed) => committed.ok);
        expect(won).toHaveLength(1);
        expect(store.journal.size()).toBe(1);
      });

      it("refuses what an active brake covers, from the commit of the brake on", async () => {
        const chain = make.chain();
        const guard = { chain, resource: "file:/srv/records/executives.json" };
        const brake = make.freeze({ type: "resource", value: "file:/srv/**" });
        const attempt = async (resource = guard.resource): Promise<Committed> =>
          store.commit({
            guard: { chain, resource },
            entries: [make.entry(point, make.intent(chain, make.id("int"), resource))],
          });
        // All in one group: the order of the calls is the order of the commits.
        const together = await Promise.all([
          attempt(),
          store.commit({ put: [brake], entries: [make.entry(point, make.draft(), [brake])] }),
          attempt(),
          attempt("file:/tmp/x"),
        ]);
        expect(together.map((committed) => committed.ok)).toEqual([true, true, false, true]);
        expect(together[2]).toEqual({ ok: false, code: "braked", brake: brake.id, kind: "freeze" });
        await reopen();
        expect(await attempt()).toMatchObject({ code: "braked" });
        const thawed = make.freeze({ type: "resource", value: "file:/srv/**" }, "thawed", brake.id as never);
        await store.commit({ put: [thawed], entries: [make.entry(point, make.draft(), [thawed])] });
        expect(await attempt()).toMatchObject({ ok: true });
      });

      it("refuses when a list that was read before is no longer whole", async () => {
        const owner = make.human();
        const agent = make.id("agt");
        const put = async (record: ReturnType<typeof make.human>): Promise<number> =>
          ok(await store.commit({ put: [record], entries: [make.entry(point, make.draft(), [record])] })).version;
        const since = await put(owner);
        const stop = async (list: object): Promise<Committed> =>
          store.commit({ unchanged: [{ kind: "task", status: "live", since, ...list }], entries: [make.entry(point)] });
        expect(await stop({})).toMatchObject({ ok: true });
        await put(make.task(agent, "live"));
        expect(await stop({})).toEqual({ ok: false, code: "conflict" });
        expect(await stop({ agent })).toEqual({ ok: false, code: "conflict" });
        expect(await stop({ agent: make.id("agt") })).toMatchObject({ ok: true });
        expect(await stop({ status: "ended" })).toMatchObject({ ok: true });
        expect(await stop({ since: since + 1 })).toMatchObject({ ok: true });
      });

      it("refuses one commit of a group and keeps the others", async () => {
        const twice = make.draft();
        const commits = [
          { entries: [make.entry(point, twice)] },
          { expect: [{ kind: "human", id: "hum_none", version: 7 }] as const, entries: [make.entry(point)] },
          { entries: [make.entry(point, twice)] },
          { entries: [make.entry(point)] },
        ];
        const results = await Promise.all(commits.map((commit) => store.commit(commit)));
        expect(results).toMatchObject([
          { ok: true, indexes: [0] },
          { code: "conflict" },
          { code: "conflict" },
          { ok: true, indexes: [1] },
        ]);
        expect(entryOf((await store.entries({ from: 1, limit: 1 }))[0]).pointSeq).toBe(2);
      });
    });

    describe("journal", () => {
      it("holds canonical leaves with gapless counts, whatever was refused between", async () => {
        const other = make.id("ep");
        const chains = [make.chain(), make.chain(), make.chain(null)];
        const work = Array.from({ length: 300 }, async (_, i) => {
          const chain = chains[i % 3]!;
          const refused = i % 7 === 0 ? { expect: [{ kind: "human", id: "hum_none", version: 9 }] as const } : {};
          return store.commit({
            ...refused,
            entries: [make.entry(i % 2 === 0 ? point : other, make.intent(chain, make.id("int")))],
          });
        });
        const kept = (await Promise.all(work)).filter((committed) => committed.ok).length;
        await reopen();
        await store.commit({ entries: [make.entry(point, make.draft({ chain: chains[0]! }))] });
        const entries = await store.entries({ limit: 1000 });
        expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: kept + 1 }, (_, i) => i));
        const counts = new Map<string, number[]>();
        for (const stored of entries) {
          const { point: at, pointSeq, taskSeq, chain } = entryOf(stored);
          expect(decoder.decode(stored.leaf)).toBe(canonicalJson(stored.body));
          counts.set(at, [...(counts.get(at) ?? []), pointSeq]);
          expect(taskSeq === null).toBe(chain.task === null);
          if (chain.task !== null) counts.set(chain.task, [...(counts.get(chain.task) ?? []), taskSeq ?? -1]);
        }
        expect(counts.size).toBe(4);
        for (const seen of counts.values()) expect(seen).toEqual(seen.map((_, i) => i + 1));
      });

      it("hashes leaves as RFC 6962 says", async () => {
        await Promise.all(
          Array.from({ length: 5 }, async () =>
            store.commit({ entries: [make.entry(point, make.draft({ cause: "ü€𝄞" }))] }),
          ),
        );
        const leafHash = leafHasher(sha256);
        const leaves = await store.journal.leaves(1, 3);
        expect(Buffer.from(await store.journal.leafHashes(1, 3))).toEqual(
          Buffer.concat(leaves.map((leaf) => leafHash(leaf))),
        );
        expect(await store.journal.leaves(5, 10)).toEqual([]);
      });

      it("names each changed record with the digest of its content", async () => {
        const human = make.human();
        await store.commit({ put: [human], entries: [make.entry(point, make.draft(), [human])] });
        const records = [{ kind: "human", id: human.id, digest: recordDigest(human) }];
        expect(
          entryOf((await store.entries({ record: { kind: "human", id: human.id }, limit: 9 }))[0]).records,
        ).toEqual(records);
      });

      it("is searched by id, task, intent, kind, record and resource, forwards and back", async () => {
        const chain = make.chain();
        const intents = Array.from({ length: 6 }, () => make.id("int"));
        for (const [i, intent] of intents.entries()) {
          await store.commit({
            entries: [
              make.entry(
                point,
                make.intent(
                  i < 2 ? chain : make.chain(),
                  intent,
                  `file:/srv/${i % 2 === 0 ? "a" : "b/c"}/${String(i)}`,
                ),
              ),
            ],
          });
          if (i !== 3) await store.commit({ entries: [make.entry(point, make.outcome(chain, intent))] });
        }
        const indexes = async (query: object): Promise<number[]> =>
          (await store.entries({ limit: 100, ...query })).map(({ index }) => index);
        expect(await indexes({ kind: "action.intent" })).toEqual([0, 2, 4, 6, 7, 9]);
        expect(await indexes({ kind: "action.intent", reverse: true, from: 7, limit: 2 })).toEqual([7, 6]);
        expect(await indexes({ intent: intents[1] })).toEqual([2, 3]);
        expect(await indexes({ task: chain.task, kind: "action.intent" })).toEqual([0, 2]);
        expect(await indexes({ resource: "file:/srv/a/2" })).toEqual([4]);
        expect(await indexes({ resource: "file:/srv/a/*" })).toEqual([0, 4, 7]);
        expect(await indexes({ resource: "file:/srv/**", reverse: true, limit: 3 })).toEqual([9, 7, 6]);
        expect(await indexes({ resource: "**" })).toHaveLength(6);
        expect((await store.openIntents()).map(({ index }) => index)).toEqual([6]);
        const { id } = entryOf((await store.entries({ from: 4, limit: 1 }))[0]);
        expect((await store.entry(id))?.index).toBe(4);
        expect(await store.entry(make.id("ent"))).toBeNull();
      });

      it("is searched by agent, human and time, and for acts alone", async () => {
        const [one, other] = [make.chain(), make.chain()];
        const drafts = [one, other, one].flatMap((chain) => {
          const intent = make.id("int");
          return [make.intent(chain, intent), make.outcome(chain, intent)];
        });
        for (const draft of drafts) await store.commit({ entries: [make.entry(point, draft)] });
        const found = async (query: object): Promise<number[]> =>
          (await store.entries({ limit: 100, ...query })).map(({ index }) => index);
        expect(await found({ agent: one.agent })).toEqual([0, 1, 4, 5]);
        expect(await found({ human: other.human, acts: true })).toEqual([2]);
        expect(await found({ agent: one.agent, acts: true, reverse: true, limit: 1 })).toEqual([4]);
        expect(await found({ task: one.task, reverse: true, from: 4 })).toEqual([4, 1, 0]);
        const times = drafts.map(({ id }) => timeOfId(id));
        expect(await found({ since: times[2] })).toEqual([2, 3, 4, 5]);
        expect(await found({ since: times[1], until: times[4] })).toEqual([1, 2, 3]);
        expect(await found({ since: times[5]! + 1 })).toEqual([]);
        expect(await found({ until: times[0] })).toEqual([]);
      });

      it("finds resources with strange characters by their prefix", async () => {
        const names = [
          "file:/a\u{10ffff}x",
          "file:/a\u{10ffff}",
          "file:/b",
          "file:/a",
          "file:/\u{d7ff}y",
          "file:/\u{e000}",
        ];
        for (const resource of names) await store.commit({ entries: [make.entry(point, make.draft({ resource }))] });
        const found = async (resource: string): Promise<unknown[]> =>
          (await store.entries({ resource, limit: 100 })).map(({ body }) => (body as JsonObject)["resource"]);
        expect(await found("file:/a**")).toEqual([names[0], names[1], names[3]]);
        expect(await found("file:/a\u{10ffff}**")).toEqual([names[0], names[1]]);
        expect(await found("file:/\u{d7ff}*")).toEqual([names[4]]);
        expect(await found("%")).toEqual([]);
      });

      it("finds an entry that has several resources by each of them, once", async () => {
        const several = ["file:/in/a", "file:/out/b", "file:/out/c"];
        await store.commit({
          entries: [make.entry(point, make.draft({ resource: "file:/in/a", resources: several }))],
        });
        await store.commit({ entries: [make.entry(point, make.draft({ resource: "file:/out/b" }))] });
        const found = async (resource: string): Promise<number[]> =>
          (await store.entries({ resource, limit: 100 })).map(({ index }) => index);
        expect(await found("file:/in/a")).toEqual([0]);
        expect(await found("file:/out/b")).toEqual([0, 1]);
        expect(await found("file:/out/**")).toEqual([0, 1]);
        expect(await found("file:/out/c")).toEqual([0]);
        expect(await found("file:/out/d")).toEqual([]);
      });

      it("refuses a leaf over 60 KB before anything is written", async () => {
        const cause = "x".repeat(60 * 1024);
        await expect(store.commit({ entries: [make.entry(point, make.draft({ cause }))] })).rejects.toMatchObject({
          code: "input.too_large",
        });
        await expect(
          store.commit({ entries: [make.entry(point, make.draft({ cause: "\u20ac".repeat(20_400) }))] }),
        ).rejects.toMatchObject({ code: "input.too_large" });
        expect(
          ok(await store.commit({ entries: [make.entry(point, make.draft({ cause: "\u20ac".repeat(20_000) }))] }))
            .indexes,
        ).toEqual([0]);
      });

      it("tells when it has grown, and lets go when closed", async () => {
        const grown = store.journal.grown(0);
        await store.commit({ entries: [make.entry(point)] });
        await grown;
        const never = store.journal.grown(1);
        await reopen();
        await never;
        expect(store.journal.size()).toBe(1);
      });

      it("replaces the checkpoint only over the one that is expected", async () => {
        expect(await store.journal.checkpoint()).toBeNull();
        expect(await store.journal.replaceCheckpoint("other", "one")).toBe(false);
        expect(await store.journal.replaceCheckpoint(null, "one")).toBe(true);
        expect(await store.journal.replaceCheckpoint(null, "two")).toBe(false);
        await reopen();
        expect(await store.journal.replaceCheckpoint("one", "two")).toBe(true);
        expect(await store.journal.checkpoint()).toBe("two");
      });
    });

    describe("blobs and life", () => {
      it("keeps, replaces and erases blobs", async () => {
        const bytes = new Uint8Array(70_000).fill(7);
        await store.commit({
          blobs: [
            { name: "k", bytes: new Uint8Array([1]) },
            { name: "l", bytes },
          ],
        });
        await store.commit({ blobs: [{ name: "k", bytes: new Uint8Array([2, 3]) }] });
        await reopen();
        expect(await store.blob("k")).toEqual(new Uint8Array([2, 3]));
        expect(await store.blob("l")).toEqual(bytes);
        await store.eraseBlob("l");
        await store.eraseBlob("l");
        expect([await store.blob("l"), await store.blob("none")]).toEqual([null, null]);
      });

      it("raises the generation at each start and finishes what it accepted before it closes", async () => {
        const { generation } = store;
        const accepted = Array.from({ length: 20 }, async () => store.commit({ entries: [make.entry(point)] }));
        await reopen();
        expect((await Promise.all(accepted)).every((committed) => committed.ok)).toBe(true);
        expect([store.generation, store.journal.size()]).toEqual([generation + 1, 20]);
      });

      it("refuses everything once closed", async () => {
        await store.close();
        await expect(store.commit({ entries: [] })).rejects.toMatchObject({ code: "ledger.unavailable" });
        await expect(store.get("human", "hum_x")).rejects.toMatchObject({ code: "ledger.unavailable" });
        await expect(store.eraseBlob("x")).rejects.toMatchObject({ code: "ledger.unavailable" });
      });

      it("finds nothing to complain about in itself", async () => {
        const human = make.human();
        const chain = make.chain();
        await store.commit({
          put: [human],
          entries: [make.entry(point, make.draft(), [human, human])],
          blobs: [{ name: "k", bytes: new Uint8Array([1]) }],
        });
        await Promise.all(
          Array.from({ length: 2500 }, async () =>
            store.commit({ entries: [make.entry(point, make.intent(chain, make.id("int")))] }),
          ),
        );
        expect(await store.entries({ resource: "file:/srv/records/*", limit: 10_000 })).toHaveLength(2500);
        expect(await store.audit()).toEqual([]);
      });
    });
  });
}

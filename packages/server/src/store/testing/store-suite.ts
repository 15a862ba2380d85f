import type { PointId } from "@countersign/core";
import { describe, expect, it } from "vitest";
import type { LedgerStore } from "../journal.ts";
import type { Committed, Put } from "../store.ts";
import { type CreateDatabase, eachOpened, entryOf, ok } from "./opened-store.ts";
import type { Samples } from "./samples.ts";

/** What every store must do with records, blobs and commits, whatever database is under it. */
export function storeSuite(name: string, create: CreateDatabase): void {
  describe(`store on ${name}`, () => {
    let store: LedgerStore;
    let make: Samples;
    let point: PointId;
    const reopen = eachOpened(create, (opened) => {
      ({ store, make, point } = opened);
    });

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

      it("names what is in force with nobody alive behind it, and nothing else (INV-10)", async () => {
        const put = async (...puts: readonly Put[]): Promise<void> => {
          ok(await store.commit({ put: puts, entries: [make.entry(point, make.draft(), puts)] }));
        };
        const [here, gone] = [make.human(), make.human(undefined, "inactive")];
        const of = (kind: string, id: string, [terms, status]: readonly [object, string]): Put =>
          ({ kind, id, terms, state: { status }, authority: null }) as unknown as Put;
        const agent = make.agent(here.id as never, "a");
        const retired = { ...make.agent(here.id as never, "b"), state: { status: "retired", executables: [] } } as Put;
        const suspended = {
          ...make.agent(here.id as never, "c"),
          state: { status: "suspended", executables: [] },
        } as Put;
        const [device, lost] = ["active", "lost"].map((status) =>
          of("device", make.id("dev"), [{ owner: here.id }, status]),
        );
        const chain = (human: string, by: Put, on: Put | undefined): object => ({
          human,
          agent: by.id,
          device: on?.id,
        });
        await put(here, gone, agent, retired, suspended, device!, lost!);
        await put(
          of("task", "tsk_whole", [chain(here.id, agent, device), "live"]),
          of("session", "ses_browser", [{ human: here.id, device: null }, "active"]),
          of("mandate", "mdt_paused", [{ owner: here.id, agent: suspended.id, device: device!.id }, "active"]),
          of("task", "tsk_over", [chain(gone.id, retired, lost), "ended"]),
          of("agent", "agt_over", [{ owner: gone.id, name: "d" }, "owner_lost"]),
        );
        expect(await store.orphans()).toEqual([]);
        await put(
          of("task", "tsk_1", [chain(gone.id, agent, device), "live"]),
          of("task", "tsk_2", [chain(here.id, retired, device), "live"]),
          of("task", "tsk_3", [chain(here.id, agent, lost), "live"]),
          of("task", "tsk_4", [{ human: "hum_nobody", agent: agent.id, device: device!.id }, "live"]),
          of("session", "ses_1", [{ human: gone.id, device: null }, "active"]),
          of("session", "ses_2", [{ human: here.id, device: lost!.id }, "active"]),
          of("mandate", "mdt_1", [{ owner: here.id, agent: retired.id, device: device!.id }, "active"]),
          of("agent", "agt_1", [{ owner: gone.id, name: "e" }, "active"]),
          of("passkey", "key_1", [{ human: gone.id }, "active"]),
          of("device", "dev_1", [{ owner: gone.id }, "active"]),
        );
        const found = (await store.orphans()).map(({ id, link, status }) => [id, link, status]);
        expect(found.toSorted((a, b) => String(a[0]).localeCompare(String(b[0])))).toEqual([
          ["agt_1", "human", "inactive"],
          ["dev_1", "human", "inactive"],
          ["key_1", "human", "inactive"],
          ["mdt_1", "agent", "retired"],
          ["ses_1", "human", "inactive"],
          ["ses_2", "device", "lost"],
          ["tsk_1", "human", "inactive"],
          ["tsk_2", "agent", "retired"],
          ["tsk_3", "device", "lost"],
          ["tsk_4", "human", null],
        ]);
      });

      it("gives those of many records that there are", async () => {
        const [one, two] = [make.human(), make.human()];
        for (const put of [one, two])
          await store.commit({ put: [put], entries: [make.entry(point, make.draft(), [put])] });
        const names = [two, one, { kind: "agent", id: one.id }, { kind: "human", id: make.id("hum") }] as const;
        const found = await store.records(names.map(({ kind, id }) => ({ kind, id })));
        expect(found.toSorted((a, b) => a.version - b.version)).toEqual([
          { ...one, version: 1 },
          { ...two, version: 2 },
        ]);
        expect(await store.records([])).toEqual([]);
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

      it("refuses when somebody's list is no longer whole, and no one else's", async () => {
        const [owner, other] = [make.id("hum"), make.id("hum")];
        const put = async (record: ReturnType<typeof make.human>): Promise<number> =>
          ok(await store.commit({ put: [record], entries: [make.entry(point, make.draft(), [record])] })).version;
        const since = await put(make.agent(owner, "first"));
        const made = make.agent(owner, "second");
        await put(made);
        const list = async (parts: object): Promise<Committed> =>
          store.commit({
            unchanged: [{ kind: "agent", status: "active", since, ...parts }],
            entries: [make.entry(point)],
          });
        expect(await list({ owner })).toEqual({ ok: false, code: "conflict" });
        expect(await list({ owner: other })).toMatchObject({ ok: true });
        expect(await list({ owner, status: "suspended" })).toMatchObject({ ok: true });
        expect(await list({ owner, since: since + 1 })).toMatchObject({ ok: true });
        await put(make.task(make.id("agt"), "live"));
        expect(await list({ owner, agent: made.id })).toMatchObject({ ok: true });
      });

      it("tests a list against what the commits before it in the same group put", async () => {
        const human = make.human();
        const since = 0;
        const put = (record: typeof human): Promise<Committed> =>
          store.commit({ put: [record], entries: [make.entry(point, make.draft(), [record])] });
        const list = (status: string): Promise<Committed> =>
          store.commit({ unchanged: [{ kind: "human", status, since }], entries: [make.entry(point)] });
        const left = make.human(human.id as never, "inactive");
        const results = await Promise.all([
          list("active"),
          put(human),
          list("active"),
          put(left),
          list("active"),
          list("inactive"),
        ]);
        expect(results.map((committed) => committed.ok)).toEqual([true, true, false, true, true, false]);
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

      it("replaces blobs that are what they were said to be, and names them in order", async () => {
        const one = new Uint8Array([1]);
        const two = new Uint8Array([2]);
        const three = new Uint8Array([3]);
        const names = ["a/1", "a/2", "a/3", "a%", "b/1", "A/1"];
        await store.commit({ blobs: names.map((name) => ({ name, bytes: one })) });
        const replaced = await store.replaceBlobs([
          { name: "a/1", was: one, bytes: two },
          { name: "a/2", was: three, bytes: two },
          { name: "a/none", was: one, bytes: two },
        ]);
        expect(replaced).toBe(1);
        await reopen();
        expect([await store.blob("a/1"), await store.blob("a/2"), await store.blob("a/none")]).toEqual([
          two,
          one,
          null,
        ]);
        expect(await store.blobNames("a/", "", 2)).toEqual(["a/1", "a/2"]);
        expect(await store.blobNames("a/", "a/2", 2)).toEqual(["a/3"]);
        expect(await store.blobNames("c", "", 2)).toEqual([]);
        expect(await store.replaceBlobs([])).toBe(0);
      });

      it("never lowers the generation, and finishes what it accepted before it closes", async () => {
        const { generation } = store;
        const accepted = Array.from({ length: 20 }, async () => store.commit({ entries: [make.entry(point)] }));
        await reopen();
        expect((await Promise.all(accepted)).every((committed) => committed.ok)).toBe(true);
        expect(store.generation).toBeGreaterThanOrEqual(generation);
        expect(store.journal.size()).toBe(20);
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

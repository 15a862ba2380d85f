import { type JsonObject, type PointId, canonicalJson, newId } from "@countersign/core";
import type { EntryDraft } from "@countersign/enforce";
import { leafHasher, sha256 } from "@countersign/ledger";
import { describe, expect, it } from "vitest";
import type { LedgerStore } from "../journal.ts";
import { recordDigest } from "../pack-commit.ts";
import type { Put } from "../store.ts";
import { type CreateDatabase, eachOpened, entryOf, ok } from "./opened-store.ts";
import type { Samples } from "./samples.ts";

const decoder = new TextDecoder();

/** The milliseconds that an id begins with: the first 48 of its 128 bits. */
function timeOfId(id: string): number {
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const number = Array.from(id.slice(4)).reduce((sum, digit) => sum * 62n + BigInt(digits.indexOf(digit)), 0n);
  return Number(number >> 80n);
}

/** What every store must do with the entries of the ledger, whatever database is under it. */
export function journalSuite(name: string, create: CreateDatabase): void {
  describe(`journal on ${name}`, () => {
    let store: LedgerStore;
    let make: Samples;
    let point: PointId;
    const reopen = eachOpened(create, (opened) => {
      ({ store, make, point } = opened);
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

      it("is searched by time exactly when entries of a spool were merged long after they were made", async () => {
        const far = make.id("ep");
        const minute = 60_000;
        const base = 1_800_000_000_000;
        const at = (minutes: number): EntryDraft =>
          make.draft({ id: newId("ent", base + minutes * minute, make.random), cause: minutes });
        const put: Put = {
          kind: "spool",
          id: far,
          terms: {},
          state: { status: "merging", spool: "s", seq: 9, hash: "h", lateMs: 85 * minute, cause: null },
          authority: null,
        };
        const spool = { seq: 1, hash: "h" };
        for (const minutes of [0, 10, 20, 30, 60]) await store.commit({ entries: [make.entry(point, at(minutes))] });
        // Merged at 90 minutes: what was made at 5, 15, 25 and 70, behind the entry of the merge itself.
        const merged = [5, 15, 25, 70].map((minutes) => ({ ...make.entry(far, at(minutes)), spool }));
        await store.commit({ put: [put], entries: [make.entry(point, at(90), [put]), ...merged] });
        for (const minutes of [91, 100, 300]) await store.commit({ entries: [make.entry(point, at(minutes))] });
        await store.commit({ entries: [make.entry(far, at(301))] });
        const made = async (query: {
          since?: number;
          until?: number;
          reverse?: boolean;
          limit?: number;
        }): Promise<unknown[]> => {
          const { since, until, ...rest } = query;
          const range = {
            ...(since === undefined ? {} : { since: base + since * minute }),
            ...(until === undefined ? {} : { until: base + until * minute }),
          };
          return (await store.entries({ limit: 100, ...range, ...rest })).map(
            ({ body }) => (body as JsonObject)["cause"],
          );
        };
        expect(await made({ since: 15, until: 30 })).toEqual([20, 15, 25]);
        expect(await made({ until: 21 })).toEqual([0, 10, 20, 5, 15]);
        expect(await made({ until: 21, reverse: true, limit: 2 })).toEqual([15, 5]);
        expect(await made({ since: 61, until: 90 })).toEqual([70]);
        expect(await made({ since: 80 })).toEqual([90, 91, 100, 300, 301]);
        expect(await made({ since: 301 })).toEqual([301]);
        expect(await made({ since: 302 })).toEqual([]);
        expect(await made({ until: 0 })).toEqual([]);
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
  });
}

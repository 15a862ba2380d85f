import { type JsonObject, matches, type PointId } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LedgerStore } from "../journal.ts";
import { type CreateDatabase, eachOpened } from "./opened-store.ts";
import type { Samples } from "./samples.ts";

/** How entries are found by resource, whatever database is under the store. */
export function resourceSuite(name: string, create: CreateDatabase): void {
  describe(`resources on ${name}`, () => {
    let store: LedgerStore;
    let make: Samples;
    let point: PointId;
    eachOpened(create, (opened) => {
      ({ store, make, point } = opened);
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

    it("finds for any pattern what `matches` says", async () => {
      const letter = fc.constantFrom("a", "b", "B", "/", "%", "_", "\\", "'", "\u0000", "\u{10ffff}");
      const name = fc.array(letter, { minLength: 1, maxLength: 6 }).map((letters) => letters.join(""));
      const pattern = fc
        .array(fc.oneof(letter, fc.constantFrom("*", "**")), { maxLength: 5 })
        .map((parts) => parts.join(""));
      const [names = []] = fc.sample(fc.uniqueArray(name, { minLength: 150, maxLength: 150 }), {
        numRuns: 1,
        seed: 4,
      });
      await Promise.all(
        names.map(async (resource) => store.commit({ entries: [make.entry(point, make.draft({ resource }))] })),
      );
      await fc.assert(
        fc.asyncProperty(pattern, fc.boolean(), async (resource, reverse) => {
          const found = await store.entries({ resource, reverse, limit: 1000 });
          const wanted = names.filter((one) => (resource.includes("*") ? matches(resource, one) : one === resource));
          expect(found.map(({ body }) => (body as JsonObject)["resource"])).toEqual(
            reverse ? wanted.toReversed() : wanted,
          );
        }),
        { numRuns: 200 },
      );
    });

    it("gives pages of a pattern that end where the limit is", async () => {
      const names = Array.from({ length: 1300 }, (_, i) => `file:/${i % 3 === 0 ? "a/b" : "c"}/${String(i)}`);
      await Promise.all(
        names.map(async (resource) => store.commit({ entries: [make.entry(point, make.draft({ resource }))] })),
      );
      const found = async (query: object): Promise<number[]> =>
        (await store.entries({ limit: 5, resource: "file:/*/*", ...query })).map(({ index }) => index);
      expect(await found({})).toEqual([1, 2, 4, 5, 7]);
      expect(await found({ from: 1294 })).toEqual([1294, 1295, 1297, 1298]);
      expect(await found({ reverse: true, from: 7 })).toEqual([7, 5, 4, 2, 1]);
      expect(await found({ limit: 2000 })).toHaveLength(names.filter((name) => name.includes("c")).length);
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
  });
}

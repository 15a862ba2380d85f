import type { Json } from "@countersign/core";
import { describe, expect, it } from "vitest";
import type { LedgerStore } from "../journal.ts";
import type { Board } from "../store.ts";
import { type CreateDatabase, eachOpened } from "./opened-store.ts";

const MINUTE = 60_000;

/** What the board of every store must do, and being alone, whatever database is under it. */
export function boardSuite(name: string, create: CreateDatabase): void {
  describe(`board on ${name}`, () => {
    let store: LedgerStore;
    let board: Board;
    eachOpened(create, (opened) => {
      ({ store } = opened);
      ({ board } = store);
    });
    const valuesOf = async (topic: string): Promise<readonly Json[]> =>
      (await board.read(topic)).map(({ value }) => value);

    it("keeps what is posted by topic, the last of a key, in the order of posting", async () => {
      await board.post(
        "a",
        [
          { key: "1", value: { n: 1 } },
          { key: "2", value: "two" },
        ],
        MINUTE,
      );
      await board.post("b", [{ key: "1", value: null }], MINUTE);
      await board.post("a", [{ key: "1", value: [true] }], MINUTE);
      expect(await valuesOf("a")).toEqual(["two", [true]]);
      expect(await valuesOf("b")).toEqual([null]);
      expect(await board.read("c")).toEqual([]);
      const [posted] = await board.read("a");
      expect(posted?.key).toBe("2");
      expect(posted?.ageMs).toBeGreaterThanOrEqual(0);
      expect(posted?.ageMs).toBeLessThan(MINUTE);
    });

    it("writes what is posted in one moment together, each under its own key", async () => {
      const keys = Array.from({ length: 300 }, (_, i) => String(i));
      await Promise.all([
        ...keys.map(async (key) => board.post("many", [{ key, value: key }], MINUTE)),
        board.post("other", [{ key: "x", value: "x" }], MINUTE),
        board.post("many", [{ key: "0", value: "again" }], MINUTE),
      ]);
      expect(await valuesOf("many")).toEqual([...keys.slice(1), "again"]);
      expect(await valuesOf("other")).toEqual(["x"]);
      await board.post("none", [], MINUTE);
      expect(await board.read("none")).toEqual([]);
    });

    it("forgets what is over", async () => {
      await board.post("short", [{ key: "1", value: 1 }], 1);
      await board.post("short", [{ key: "2", value: 2 }], MINUTE);
      await expect.poll(async () => valuesOf("short")).toEqual([2]);
      expect(await board.take("short", "1")).toBeNull();
    });

    it("gives a value to one of those who take it", async () => {
      await board.post("t", [{ key: "k", value: { secret: 1 } }], MINUTE);
      const taken = await Promise.all(Array.from({ length: 8 }, async () => board.take("t", "k")));
      expect(taken.filter((value) => value !== null)).toEqual([{ secret: 1 }]);
      expect(await board.take("t", "k")).toBeNull();
      expect(await board.take("none", "k")).toBeNull();
    });

    it("lets one of all claim a key, until it is over", async () => {
      const claims = Array.from({ length: 8 }, async () => await board.claim("c", "k", MINUTE));
      expect((await Promise.all(claims)).filter((claimed) => claimed)).toHaveLength(1);
      expect([await board.claim("c", "other", 1), await board.claim("d", "k", MINUTE)]).toEqual([true, true]);
      await expect.poll(async () => await board.claim("c", "other", MINUTE)).toBe(true);
      expect([await board.claim("c", "other", MINUTE), await board.claim("c", "k", 1)]).toEqual([false, false]);
    });

    it("takes any text as topic, key and value", async () => {
      const strange = "a\u0000b 'c\" \u{10ffff} \\ $1 ☃";
      await board.post(strange, [{ key: strange, value: { [strange]: strange } }], MINUTE);
      expect(await valuesOf(strange)).toEqual([{ [strange]: strange }]);
      expect(await board.take(strange, strange)).toEqual({ [strange]: strange });
    });

    it("runs one action alone at a time, and what that asks for inside it at once", async () => {
      const order: string[] = [];
      const alone = async (letter: string): Promise<string> =>
        store.exclusively(async () => {
          order.push(letter);
          await store.exclusively(async () => board.read("x"));
          order.push(letter);
          return letter;
        });
      expect(await Promise.all(["a", "b", "c"].map(alone))).toEqual(["a", "b", "c"]);
      expect(order).toEqual(["a", "a", "b", "b", "c", "c"]);
      await expect(store.exclusively(async () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
      expect(await alone("d")).toBe("d");
    });

    it("says where the primary is, after every commit before the question", async () => {
      expect(await store.head()).toEqual({ generation: store.generation, version: 0 });
      const heads = await Promise.all(Array.from({ length: 20 }, async () => store.head()));
      expect(new Set(heads.map(({ version }) => version))).toEqual(new Set([0]));
    });
  });
}

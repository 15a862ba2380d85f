import { describe, expect, it } from "vitest";
import { SealedBoard } from "./sealed-board.ts";
import { Servers } from "./testing/servers.ts";

describe("SealedBoard", () => {
  it("gives what one server put to one caller of another, once", async () => {
    await using servers = await Servers.open();
    const [here, there] = servers.both((kernel) => new SealedBoard(kernel, "test", 1000));
    await here.post("a", { n: 1 });
    await here.post("a", { n: 2 });
    expect(await there.has("a")).toBe(true);
    const takers = [here, there, here, there].map(async (board) => await board.take("a"));
    expect((await Promise.all(takers)).filter((value) => value !== null)).toEqual([{ n: 2 }]);
    expect([await here.take("a"), await here.has("a")]).toEqual([null, false]);
  });

  it("shows nothing of what it holds", async () => {
    await using servers = await Servers.open();
    await new SealedBoard(servers.a, "test", 1000).post("a", "Alice Example");
    expect(JSON.stringify(await servers.a.store.board.read("test"))).not.toContain("Alice");
  });

  it("believes nothing that was put there by others, moved, put back or kept beyond its end", async () => {
    await using servers = await Servers.open();
    const [here, there] = servers.both((kernel) => new SealedBoard(kernel, "test", 1000));
    const { board } = servers.a.store;
    await here.post("a", true);
    const [posted] = await board.read("test");
    const planted = [
      ["test", "b", posted?.value],
      ["other", "a", posted?.value],
      ["test", "c", true],
      ["test", "d", "rubbish"],
    ] as const;
    for (const [topic, key, value] of planted) {
      await board.post(topic, [{ key, value: value ?? null }], 60_000);
      expect([key, await new SealedBoard(servers.b, topic, 1000).take(key)]).toEqual([key, null]);
    }
    await board.post("test", [{ key: "a", value: posted?.value ?? null }], 60_000);
    servers.pass(1000);
    expect([await there.has("a"), await there.take("a")]).toEqual([false, null]);
  });
});

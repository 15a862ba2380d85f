import { newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LinkBench, hello, random } from "./testing/link-bench.ts";

let bench: LinkBench;
beforeEach(async () => {
  bench = new LinkBench();
  await bench.open();
});
afterEach(async () => await bench.close());

describe("a link", () => {
  it("lets a gateway join with its token, and come back with its certificate", async () => {
    const point = await bench.join("edge");
    expect(point).toMatchObject({ name: "edge" });
    const remote = bench.remote(point);
    const joined = await remote.join(hello(point.point));
    expect(joined).toEqual({ generation: 1, version: 1, records: [] });
    expect(remote.server()).toBe(bench.url);
    expect(await remote.brakeReason(newId("brk", Date.now(), random))).toBe("because");
  });

  it("pushes one change to a point and brings back its acknowledgement", async () => {
    const point = await bench.join("edge");
    const seen: unknown[] = [];
    const remote = bench.remote(point, {
      push: async (change) => {
        seen.push(change);
        return await Promise.resolve({ point: point.point, name: "edge", generation: 1, version: 7, inFlight: [] });
      },
    });
    await remote.join(hello(point.point));
    const [linked] = bench.identities.get().kernel.points.all();
    expect(linked?.lease.valid()).toBe(true);
    const ack = linked?.push({ generation: 1, version: 7, records: [] });
    expect(await ack).toEqual({ point: point.point, name: "edge", generation: 1, version: 7, inFlight: [] });
    expect(seen).toEqual([{ generation: 1, version: 7, records: [] }]);
  });
});

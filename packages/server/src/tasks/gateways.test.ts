import { type PointId, newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { gatewaysOf, gatewaysWith } from "./gateways.ts";

let here: TestKernel;
beforeEach(async () => {
  here = await testKernel();
});
afterEach(async () => await here.close());

async function gateway(
  name: string,
  url: string | null,
  status: "active" | "away" | "removed" = "active",
): Promise<PointId> {
  const id = newId("ep", Date.now(), random);
  const terms = { name, place: "joined", jkt: null, joinedAt: "" } as const;
  await here.put({ kind: "point", id, terms, state: { status, instance: null, url }, authority: null });
  return id;
}

describe("the gateways that a credential is for", () => {
  it("are any when none was asked for", async () => {
    await gateway("edge", "http://edge");
    await gateway("gone", "http://gone", "away");
    const any = { addresses: ["http://localhost:7331", "http://edge"], points: null };
    expect(await gatewaysOf(here.kernel)).toEqual(any);
  });

  it("are the one that was asked for, and none on another machine when that is of this process", async () => {
    const edge = await gateway("edge", "http://edge");
    expect(await gatewaysOf(here.kernel, "edge")).toEqual({ addresses: ["http://edge"], points: [edge] });
    const again = await gateway("edge-2", "http://edge", "away");
    await gateway("edge-3", "http://edge", "removed");
    expect(await gatewaysOf(here.kernel, "http://edge")).toEqual({ addresses: ["http://edge"], points: [edge, again] });
    const own = { addresses: ["http://localhost:7331"], points: [] };
    expect(await gatewaysOf(here.kernel, "http://localhost:7331")).toEqual(own);
    await gateway("nowhere", null);
    for (const name of ["nowhere", "edge-3", "unknown"])
      await expect(gatewaysOf(here.kernel, name)).rejects.toMatchObject({ code: "request.not_found" });
  });

  it("of a task only grow", () => {
    expect(gatewaysWith([], ["ep_1"])).toEqual(["ep_1"]);
    expect(gatewaysWith(["ep_1"], ["ep_2", "ep_1"])).toEqual(["ep_1", "ep_2"]);
    expect(gatewaysWith(["ep_1"], null)).toBeUndefined();
    expect(gatewaysWith(undefined, ["ep_1"])).toBeUndefined();
  });
});

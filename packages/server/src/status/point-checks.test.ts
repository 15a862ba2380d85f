import { describe, expect, it } from "vitest";
import type { PointStanding } from "../points/index.ts";
import { clocks, generations, leases, versions } from "./point-checks.ts";

const SINCE = "2026-11-22T09:00:00.000Z";
const point = (name: string, more: Partial<PointStanding> = {}): PointStanding => ({
  id: `ep_${name}`,
  name,
  place: "joined",
  status: "active",
  lease: "valid",
  since: null,
  ...more,
});
const LOST = { lease: "lost", since: SINCE } as const;

describe("leases", () => {
  it("are fine while every point that should hold one does, and whoever left in order is counted apart", () => {
    const left = point("old", { status: "away", lease: "none" });
    expect(leases([point("mcp", { place: "own" }), point("edge"), left])).toEqual({
      name: "leases",
      ok: true,
      level: "ok",
      detail: "2 points with a lease; 1 left in order",
    });
  });

  it.each(["active", "leaving"] as const)("fail while one that is %s has none", (status) => {
    const check = leases([point("mcp"), point("edge", { ...LOST, status })]);
    expect(check).toMatchObject({ ok: false, level: "failed" });
    expect(check.detail).toBe(`no lease: edge (${status}, silent since ${SINCE})`);
  });

  it("fail for a part of the control plane that has none, however long ago", () => {
    expect(leases([point("mcp", { ...LOST, place: "own", status: "away" })]).level).toBe("failed");
  });

  it("warn of a gateway that fell silent for good, and say how to be rid of it", () => {
    const check = leases([point("edge", { ...LOST, status: "away" })]);
    expect(check).toMatchObject({ ok: true, level: "warning", detail: expect.stringContaining(SINCE) });
    expect(check.next).toContain("countersign gateway remove edge");
  });
});

describe("versions", () => {
  const asked = (applied: number, told: number): Map<string, { applied: number; told: number }> =>
    new Map([["ep_edge", { applied, told }]]);

  it("are fine when what was told is applied, or nothing is known yet", () => {
    expect(versions([point("edge")], asked(7, 7)).level).toBe("ok");
    expect(versions([point("edge")], new Map()).level).toBe("ok");
  });

  it("warn of a point that lags behind, and of none that has no lease anyway", () => {
    expect(versions([point("edge")], asked(5, 7))).toMatchObject({
      level: "warning",
      detail: "edge has applied 5 of 7",
    });
    expect(versions([point("edge", LOST)], asked(5, 7)).level).toBe("ok");
  });
});

describe("generations", () => {
  const at = (generation: number): ReturnType<typeof generations> =>
    generations({ points: [point("edge")], asked: new Map([["ep_edge", { generation: 3 }]]), generation });

  it("fail when a point saw a later one than the database is at", () => {
    expect(at(3).level).toBe("ok");
    expect(at(4).level).toBe("ok");
    expect(at(2)).toMatchObject({ ok: false, level: "failed", detail: expect.stringContaining("edge") });
  });
});

describe("clocks", () => {
  it.each([
    [900, "ok", "the clocks of 1 point agree within 900 ms"],
    [-6000, "warning", "edge is 6.0 s behind"],
    [59_000, "warning", "edge is 59.0 s ahead"],
    [61_000, "failed", "edge is 61.0 s ahead"],
    [-3_600_000, "failed", "edge is 3600.0 s behind"],
  ])("that are %d ms off are %s", (skewMs, level, detail) => {
    expect(clocks([point("edge")], new Map([["ep_edge", { skewMs }]]))).toMatchObject({ level, detail });
  });
});

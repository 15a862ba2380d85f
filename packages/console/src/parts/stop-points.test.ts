import type { StopPoint } from "@countersign/api";
import { describe, expect, it } from "vitest";
import { namedPoints } from "./stop-points.ts";

const at = (ms: number): string => new Date(Date.UTC(2026, 10, 22, 2) + ms).toISOString();
const confirmed = (name: string, ms = 1): StopPoint => ({
  id: name,
  name,
  how: "acknowledged",
  at: at(ms),
  inFlight: [],
});
const silent: StopPoint = { id: "silent", name: "silent", how: null, at: null, inFlight: [] };
const expired: StopPoint = { id: "gone", name: "gone", how: "lease_expired", at: at(3500), inFlight: [] };
const cut: StopPoint = { ...confirmed("cut", 2), inFlight: [{ intent: "int_1", disposition: "unknown" }] };

describe("the points of a stop that are named", () => {
  it("are all of a few, in their order", () => {
    const few = [confirmed("mcp"), silent, confirmed("hooks")];
    expect(namedPoints(few)).toEqual({ named: few, confirmed: 0, waiting: 0 });
  });

  it("are of many those that are waited for, the silent, what was cut and the slowest; the others are counted", () => {
    const many = Array.from({ length: 100 }, (_, i) => confirmed(`gw-${String(i)}`, i));
    const { named, ...rest } = namedPoints([...many, cut, expired, silent]);
    expect(named.slice(0, 5).map(({ name }) => name)).toEqual(["silent", "gone", "cut", "gw-99", "gw-98"]);
    expect(rest).toEqual({ confirmed: 91, waiting: 0 });
  });

  it("never count as confirmed who is still waited for", () => {
    const many = Array.from({ length: 50 }, (_, i) => ({ ...silent, id: `gw-${String(i)}`, name: `gw-${String(i)}` }));
    const { named, ...rest } = namedPoints(many);
    expect(named).toHaveLength(12);
    expect(rest).toEqual({ confirmed: 0, waiting: 38 });
  });
});

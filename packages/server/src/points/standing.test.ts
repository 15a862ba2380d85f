import type { PointId, StateRecord } from "@countersign/core";
import { describe, expect, it } from "vitest";
import type { ConnectedPoint } from "./points.ts";
import { standings } from "./standing.ts";

const NOW = Date.parse("2026-11-22T09:00:00.000Z");
const SINCE = "2026-11-22T08:59:50.000Z";
const ID = "ep_0000000000000000000001" as PointId;
type State = StateRecord<"point">["state"];

function record(state: Partial<State>, place: "own" | "joined" = "joined"): StateRecord<"point"> {
  return {
    kind: "point",
    id: ID,
    version: 1,
    terms: { name: "edge", place, jkt: null, joinedAt: SINCE },
    state: { status: "active", instance: null, url: null, ...state },
    authority: null,
  };
}

function connected(valid: boolean, silentMs: number | null): ConnectedPoint {
  const push = async (): Promise<never> => await Promise.reject(new Error("is not pushed to"));
  return { id: ID, name: "edge", lease: { valid: () => valid, silentMs: () => silentMs }, push };
}

const standing = (records: readonly StateRecord<"point">[], here: readonly ConnectedPoint[] = []): object[] =>
  standings({ records, connected: here, now: NOW }).map(({ status, lease, since }) => ({ status, lease, since }));

describe("a point", () => {
  it("that is connected holds a lease, or has lost it since its last renewal", () => {
    expect(standing([record({})], [connected(true, 100)])).toEqual([{ status: "active", lease: "valid", since: null }]);
    expect(standing([record({})], [connected(false, 10_000)])).toEqual([
      { status: "active", lease: "lost", since: SINCE },
    ]);
    expect(standing([], [connected(false, null)])).toEqual([{ status: "active", lease: "lost", since: null }]);
  });

  it("that another server renews is believed to hold one", () => {
    expect(standing([record({})])).toEqual([{ status: "active", lease: "valid", since: null }]);
  });

  it("that fell silent is missed until it comes back; one that left is not", () => {
    const silent = { silentSince: SINCE };
    expect(standing([record({ status: "leaving", ...silent })])).toMatchObject([{ lease: "lost", since: SINCE }]);
    expect(standing([record({ status: "away", ...silent })])).toMatchObject([{ lease: "lost", since: SINCE }]);
    expect(standing([record({ status: "away" })])).toMatchObject([{ lease: "none", since: null }]);
    expect(standing([record({ status: "removed", ...silent })])).toEqual([]);
  });

  it("that is a part of a server is missed only while its last lease may run", () => {
    const silent = { silentSince: SINCE };
    expect(standing([record({ status: "leaving", ...silent }, "own")])).toMatchObject([{ lease: "lost" }]);
    expect(standing([record({ status: "away", ...silent }, "own")])).toMatchObject([{ lease: "none" }]);
  });
});

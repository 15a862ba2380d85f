import type { Overview } from "@countersign/api";
import { describe, expect, it } from "vitest";
import { verdict } from "./verdict.ts";

const calm: Overview = {
  agentsActive: 3,
  tasksLive: 2,
  approvalsPending: 0,
  callsHeld: 0,
  deniedLastHour: 0,
  brakes: 0,
  points: [{ id: "ep_1", name: "gateway", lease: "valid", lostSince: null }],
  minutes: [],
  countedSince: "2026-11-22T08:00:00.000Z",
};

describe("verdict", () => {
  it("is calm only when every point enforces", () => {
    expect(verdict(calm).title).toBe("Agents are under control");
    expect(verdict({ ...calm, points: [] }).title).toMatch(/^No enforcement point/);
    const left = [...calm.points, { id: "ep_2", name: "edge", lease: "none" as const, lostSince: null }];
    expect(verdict({ ...calm, points: left })).toMatchObject({
      title: "Agents are under control",
      lead: expect.stringMatching(/^1 enforcement point with/),
    });
  });

  it("names a lost lease before everything else", () => {
    const points = [...calm.points, { id: "ep_2", name: "edge", lease: "lost" as const, lostSince: null }];
    expect(verdict({ ...calm, points, approvalsPending: 4, agentsActive: 0 }).title).toBe(
      "1 enforcement point lost the lease and denies everything",
    );
    const all = [...points, { id: "ep_3", name: "far", lease: "lost" as const, lostSince: null }];
    expect(verdict({ ...calm, points: all }).title).toBe("2 enforcement points lost the lease and deny everything");
  });

  it("says how many decisions wait", () => {
    expect(verdict({ ...calm, approvalsPending: 2 }).title).toBe("Agents are under control; 2 decisions for a person");
    expect(verdict({ ...calm, approvalsPending: 2 }).lead).toContain("2 approvals waiting");
  });
});

import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { NO_OFFER } from "./client-offer.ts";
import { Sessions } from "./sessions.ts";

const task = "tsk_0123456789012345678901" as const;
const other = "tsk_0123456789012345678902" as const;
const make = (sessions: number, sessionsPerTask: number): Sessions =>
  new Sessions({ sessions, sessionsPerTask, resumeMs: 1000 }, (length) => randomBytes(length));
const of = { version: "2025-11-25", offer: NO_OFFER } as const;

describe("Sessions", () => {
  it("belong to one task and one upstream", () => {
    const sessions = make(10, 10);
    const id = sessions.open({ task, upstream: "files", ...of })?.id ?? "";
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(sessions.find(id, task, "files")?.version).toBe(of.version);
    expect(sessions.find(id, other, "files")).toBeNull();
    expect(sessions.find(id, task, "tickets")).toBeNull();
    sessions.endTask(task);
    expect(sessions.find(id, task, "files")).toBeNull();
  });

  it("are bounded: a task loses its oldest, the gateway refuses", () => {
    const sessions = make(3, 2);
    const ids = [1, 2, 3].map(() => sessions.open({ task, upstream: "files", ...of })?.id ?? "");
    expect(ids.map((id) => sessions.find(id, task, "files") !== null)).toEqual([false, true, true]);
    expect(sessions.open({ task: other, upstream: "files", ...of })).not.toBeNull();
    expect(sessions.open({ task: other, upstream: "files", ...of })).toBeNull();
  });

  it("keep a bounded number of streams for a client that is away, and none of an ended session", () => {
    const session = make(1, 1).open({ task, upstream: "files", ...of });
    const streams = [1, 2, 3, 4, 5, 6].map(() => session?.streams.make(false));
    expect(streams.map((stream) => stream?.over)).toEqual([true, true, false, false, false, false]);
    expect(session?.streams.named("2-0")).toBeNull();
    expect(session?.streams.named("3-0")?.after).toBe(0);
    for (const bad of ["", "3", "x-1", "3--1", "3-1-1", `${"9".repeat(17)}-1`])
      expect(session?.streams.named(bad)).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { InFlight } from "./in-flight.ts";

const key = (task: string, id: string | number, session = ""): Parameters<InFlight["begin"]>[0] => ({
  task,
  session,
  id,
});

describe("InFlight", () => {
  it("cancels the one call that is meant", () => {
    const calls = new InFlight(10);
    const [a, b, c] = [calls.begin(key("t", 1)), calls.begin(key("t", "1")), calls.begin(key("u", 1))];
    calls.cancel(key("t", 1));
    expect([a, b, c].map((call) => call?.signal.aborted)).toEqual([true, false, false]);
  });

  it("cancels nothing of another session, and nothing when two share the id", () => {
    const calls = new InFlight(10);
    const [a, b, c] = [calls.begin(key("t", 1, "s")), calls.begin(key("t", 2)), calls.begin(key("t", 2))];
    calls.cancel(key("t", 1));
    calls.cancel(key("t", 2));
    expect([a, b, c].map((call) => call?.signal.aborted)).toEqual([false, false, false]);
  });

  it("bounds the calls of a task, not of others, and counts an ended one no more", () => {
    const calls = new InFlight(1);
    const first = calls.begin(key("t", 1));
    expect(calls.begin(key("t", 2))).toBeNull();
    expect(calls.begin(key("u", 2))).not.toBeNull();
    calls.end(key("t", 1), first ?? new AbortController());
    expect(calls.begin(key("t", 2))).not.toBeNull();
    expect(calls.size).toBe(2);
  });

  it("gives up all calls of a task that ended", () => {
    const calls = new InFlight(10);
    const [a, b] = [calls.begin(key("t", 1)), calls.begin(key("u", 1))];
    calls.endTask("t");
    expect([a?.signal.aborted, b?.signal.aborted]).toEqual([true, false]);
  });
});

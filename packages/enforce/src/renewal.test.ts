import { AppError, type Code, type TaskId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Hello, RenewalRequest, Snapshot } from "./control-plane.ts";
import { Lease } from "./lease.ts";
import { Renewal } from "./renewal.ts";

const LEASE = { seconds: 3, renewSeconds: 1, marginMs: 500 };

/** A control plane that answers as it is told, and a point's lease on clocks that follow the timers. */
class Bench {
  readonly events: string[] = [];
  readonly asked: (Hello | RenewalRequest)[] = [];
  readonly taken: number[] = [];
  readonly changes: boolean[] = [];
  /** Awaited before the point has applied an answer. */
  applying: () => Promise<void> = async () => await Promise.resolve();
  tasks: readonly TaskId[] = [];
  dropped = 0;
  wallAheadMs = 0;
  applied = 0;
  version = 1;
  join: () => Promise<Snapshot> = async () => await this.now();
  renew: () => Promise<Snapshot> = async () => await this.now();
  leave: () => Promise<void> = async () => await Promise.resolve();
  readonly lease = new Lease(
    { monotonicMs: () => Date.now(), wallMs: () => Date.now() + this.wallAheadMs, uptimeMs: () => Date.now() },
    0,
  );
  readonly renewal = new Renewal({
    point: "ep_1",
    instance: "secret",
    controlPlane: {
      join: async (hello) => {
        this.note("join", hello);
        return await this.join();
      },
      renew: async (request) => {
        this.note("renew", request);
        return await this.renew();
      },
      leave: async () => {
        this.events.push("leave");
        await this.leave();
      },
    },
    lease: this.lease,
    settings: () => LEASE,
    applied: () => this.applied,
    url: () => "http://here",
    postgres: () => "here:7332",
    now: () => Date.now(),
    tasks: () => this.tasks,
    drop: (tasks) => (this.dropped += tasks.length),
    take: async ({ version }) => {
      await this.applying();
      this.taken.push(version);
      this.applied = version;
    },
    changed: (valid) => void this.changes.push(valid),
    failed: () => this.events.push("failed"),
  });

  async now(): Promise<Snapshot> {
    this.version += 1;
    return await Promise.resolve({ generation: 1, version: this.version, records: [] });
  }
  count(event: string): number {
    return this.events.filter((one) => one === event).length;
  }
  private note(event: string, request: Hello | RenewalRequest): void {
    this.events.push(event);
    this.asked.push(request);
  }
}

const silence = async (): Promise<never> => await new Promise<never>(() => undefined);
const refusal = (code: Code) => async () => await Promise.reject(new AppError(code));
let on: Bench;

beforeEach(() => {
  vi.useFakeTimers();
  on = new Bench();
});
afterEach(() => vi.useRealTimers());

describe("renewal of a lease", () => {
  it("joins, renews each second, and says when it ends", async () => {
    await on.renewal.begin();
    expect(on.changes).toEqual([true]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(on.events).toEqual(["join", "renew", "renew", "renew", "renew", "renew"]);
    expect(on.lease.valid()).toBe(true);
    let validAtLeave: boolean | null = null;
    on.leave = async () => await Promise.resolve(void (validAtLeave = on.lease.valid()));
    await on.renewal.end();
    expect(on.events.at(-1)).toBe("leave");
    // The lease is dropped before it is said.
    expect(validAtLeave).toBe(false);
    await vi.advanceTimersByTimeAsync(5000);
    expect(on.events).toHaveLength(7);
  });

  it("does not begin when it is refused", async () => {
    on.join = refusal("point.unknown");
    await expect(on.renewal.begin()).rejects.toMatchObject({ code: "point.unknown" });
    expect(on.lease.valid()).toBe(false);
  });

  it("applies everything before it extends", async () => {
    await on.renewal.begin();
    on.applying = silence;
    await vi.advanceTimersByTimeAsync(2999);
    expect(on.lease.valid()).toBe(true);
    await vi.advanceTimersByTimeAsync(2);
    expect(on.lease.valid()).toBe(false);
  });

  it("loses it by silence, without an error, and gets it back by the next answer", async () => {
    await on.renewal.begin();
    on.renew = silence;
    await vi.advanceTimersByTimeAsync(3100);
    expect(on.changes).toEqual([true, false]);
    // Of what is never answered one more is sent after each time-out.
    await vi.advanceTimersByTimeAsync(3000);
    expect(on.count("renew")).toBe(2);
    on.renew = async () => await on.now();
    await vi.advanceTimersByTimeAsync(4000);
    expect(on.changes).toEqual([true, false, true]);
  });

  it("takes an answer that comes late for as long as is left since the question", async () => {
    await on.renewal.begin();
    on.renew = async () => {
      await new Promise((done) => setTimeout(done, 2500));
      return await on.now();
    };
    // Asked at 1 s, answered at 3.5 s, and at 3 s the first lease was over.
    await vi.advanceTimersByTimeAsync(3400);
    expect(on.lease.valid()).toBe(false);
    await vi.advanceTimersByTimeAsync(150);
    expect(on.lease.valid()).toBe(true);
    on.renew = silence;
    await vi.advanceTimersByTimeAsync(500);
    expect(on.lease.valid()).toBe(false);
  });

  it.each<Code>(["point.in_use", "point.unknown", "point.clock", "lease.behind", "link.malformed"])(
    "denies at once when it is refused with %s, and goes on when it is not any more",
    async (code) => {
      await on.renewal.begin();
      on.renew = on.join = refusal(code);
      await vi.advanceTimersByTimeAsync(1000);
      expect(on.lease.valid()).toBe(false);
      expect(on.changes).toEqual([true, false]);
      on.renew = on.join = async () => await on.now();
      await vi.advanceTimersByTimeAsync(1000);
      expect(on.changes).toEqual([true, false, true]);
    },
  );

  it.each<Code>(["server.unreachable", "internal.error"])("only waits when %s", async (code) => {
    await on.renewal.begin();
    on.renew = refusal(code);
    await vi.advanceTimersByTimeAsync(2900);
    expect(on.lease.valid()).toBe(true);
  });

  it("joins again with what it holds when it was taken for gone, in the same breath", async () => {
    await on.renewal.begin();
    on.tasks = ["tsk_1"];
    on.renew = refusal("point.left");
    await vi.advanceTimersByTimeAsync(1000);
    expect(on.asked.at(-1)).toMatchObject({ instance: "secret", applied: 2, tasks: ["tsk_1"], url: "http://here" });
    on.renew = async () => await on.now();
    await vi.advanceTimersByTimeAsync(3000);
    expect(on.changes).toEqual([true]);
    expect(on.events).toEqual(["join", "renew", "join", "renew", "renew", "renew"]);
  });

  it("uses up the lease that it has while it cannot join again", async () => {
    await on.renewal.begin();
    on.renew = on.join = refusal("point.left");
    await vi.advanceTimersByTimeAsync(2900);
    expect(on.lease.valid()).toBe(true);
    await vi.advanceTimersByTimeAsync(200);
    expect(on.changes).toEqual([true, false]);
  });

  it("takes no more along than may be asked at once, and drops the rest first", async () => {
    on.tasks = Array.from({ length: 10_005 }, (_, n): TaskId => `tsk_${String(n)}`);
    await on.renewal.begin();
    expect(on.dropped).toBe(5);
    expect((on.asked[0] as Hello).tasks).toHaveLength(10_000);
  });

  it("is not held again by an answer that comes after the end", async () => {
    await on.renewal.begin();
    const late = Promise.withResolvers<Snapshot>();
    on.renew = async () => await late.promise;
    await vi.advanceTimersByTimeAsync(1000);
    await on.renewal.end();
    late.resolve(await on.now());
    await vi.advanceTimersByTimeAsync(100);
    expect(on.lease.valid()).toBe(false);
  });

  it("leaves also when it ends while it joins", async () => {
    const late = Promise.withResolvers<Snapshot>();
    on.join = async () => await late.promise;
    const begun = on.renewal.begin();
    await on.renewal.end();
    expect(on.count("leave")).toBe(0);
    late.resolve(await on.now());
    await begun;
    expect(on.count("leave")).toBe(1);
    expect(on.lease.valid()).toBe(false);
  });

  it.each([
    ["the wall clock is set forward", (): unknown => (on.wallAheadMs += 3_600_000)],
    ["the wall clock is set back", (): unknown => (on.wallAheadMs -= 3_600_000)],
  ])("ends when %s, and a renewal brings it back", async (_name, jump) => {
    await on.renewal.begin();
    await vi.advanceTimersByTimeAsync(500);
    jump();
    expect(on.lease.valid()).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(on.changes).toEqual([true, false, true]);
  });
});

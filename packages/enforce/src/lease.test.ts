import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lease } from "./lease.ts";

const LENGTH = 3000;

/** The three clocks of a machine, each of which may be moved alone. */
class Machine {
  mono = 1_000_000;
  wall = 1_800_000_000_000;
  up = 50_000;
  readonly lease = new Lease(
    { monotonicMs: () => this.mono, wallMs: () => this.wall, uptimeMs: () => this.up },
    LENGTH,
  );

  pass(ms: number): void {
    this.mono += ms;
    this.wall += ms;
    this.up += ms;
  }
  /** The processor stood still: `CLOCK_MONOTONIC` too, the other two did not. */
  suspend(ms: number): void {
    this.wall += ms;
    this.up += ms;
  }
  renew(lateMs = 0): boolean {
    const sent = this.lease.reading();
    this.pass(lateMs);
    return this.lease.extend(sent, 1, LENGTH);
  }
}

describe("Lease", () => {
  it("holds for its length after the renewal was sent, whatever its answer took", () => {
    const on = new Machine();
    expect(on.lease.valid()).toBe(false);
    on.renew(2000);
    on.pass(999);
    expect(on.lease.valid()).toBe(true);
    on.pass(1);
    expect(on.lease.valid()).toBe(false);
  });

  it("is not brought back by an answer that comes when it is over already", () => {
    const on = new Machine();
    on.renew(LENGTH);
    expect(on.lease.valid()).toBe(false);
    on.renew();
    expect(on.lease.valid()).toBe(true);
  });

  it.each([
    ["the wall clock jumps ahead", (on: Machine) => (on.wall += LENGTH)],
    ["the wall clock jumps back", (on: Machine) => (on.wall -= LENGTH)],
    ["the wall clock jumps back by an hour", (on: Machine) => (on.wall -= 3_600_000)],
    ["the machine was suspended", (on: Machine) => on.suspend(LENGTH)],
    ["the process was stopped, or collected garbage for long", (on: Machine) => on.pass(LENGTH)],
    ["uptime jumps ahead", (on: Machine) => ((on.up += LENGTH), (on.mono += 51))],
    ["uptime jumps back", (on: Machine) => ((on.up -= LENGTH), (on.mono += 51))],
    [
      "a suspend comes right after the wall clock was set back a little",
      (on: Machine) => {
        on.wall -= 51;
        on.suspend(LENGTH + 50);
      },
    ],
    ["the monotonic clock runs back", (on: Machine) => (on.mono -= 1)],
  ])("ends when %s", (_name, move) => {
    const on = new Machine();
    on.renew();
    expect(on.lease.valid()).toBe(true);
    move(on);
    expect(on.lease.valid()).toBe(false);
    // The next renewal is counted by the clocks as they are then.
    on.renew();
    expect(on.lease.valid()).toBe(true);
  });

  it("refuses a lower generation, and takes no earlier renewal for a later one", () => {
    const on = new Machine();
    const early = on.lease.reading();
    on.pass(1000);
    expect(on.lease.extend(on.lease.reading(), 5, LENGTH)).toBe(true);
    expect(on.lease.extend(early, 5, LENGTH)).toBe(true);
    expect(on.lease.extend(on.lease.reading(), 4, LENGTH)).toBe(false);
    on.pass(2500);
    expect(on.lease.valid()).toBe(true);
    on.pass(500);
    expect(on.lease.valid()).toBe(false);
  });

  it("never holds when more than its length of real time has passed since the last renewal was sent", () => {
    const step = fc.oneof(
      fc.record({ act: fc.constant("pass" as const), ms: fc.nat(4000) }),
      fc.record({ act: fc.constant("suspend" as const), ms: fc.nat(4000) }),
      fc.record({ act: fc.constant("wall" as const), ms: fc.integer({ min: -10_000, max: 10_000 }) }),
      fc.record({ act: fc.constant("renew" as const), ms: fc.nat(4000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const on = new Machine();
        let [real, sent] = [0, Number.NEGATIVE_INFINITY];
        const tooLong: number[] = [];
        for (const { act, ms } of steps) {
          if (act === "pass") on.pass(ms);
          if (act === "suspend") on.suspend(ms);
          if (act === "wall") on.wall += ms;
          if (act === "renew") {
            sent = real;
            on.renew(ms);
          }
          if (act !== "wall") real += ms;
          // An uptime reading may be 50 ms old.
          if (real - sent >= LENGTH + 50 && on.lease.valid()) tooLong.push(real - sent);
        }
        expect(tooLong).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

import { type Decision, denied } from "@countersign/core";

/** What every action is told at a point without a lease. */
export const LEASE_LOST: Decision = denied(
  "lease",
  "lease.lost",
  "this enforcement point has lost its lease; it denies until it is renewed",
);

/** The clocks of a machine, in milliseconds. `uptimeMs` counts time in suspend, `monotonicMs` does not. */
export interface Clocks {
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
  readonly uptimeMs: () => number;
}

/** What the clocks said at one moment. */
export interface Reading {
  readonly monotonic: number;
  readonly wall: number;
  readonly uptime: number;
}

/** How long an uptime reading serves, in ms of monotonic time: it costs a system call, and a suspend shows in the wall clock too. */
const UPTIME_REUSE_MS = 50;
/** By how much wall clock and monotonic clock may have come apart since that reading, in ms. */
const UPTIME_WALL_MS = 5;

/**
 * The right of an enforcement point to decide for a while (design 7). It runs from when the renewal was *sent*, and ends when any of
 * three clocks says so: a suspend, a jump or silence ends it alike. A lower generation is refused.
 */
export class Lease {
  private held: Reading | null = null;
  /** When the last renewal that was answered had been sent. */
  private renewedAt: number | null = null;
  private generation = 0;
  private uptimeReadAt = Number.NEGATIVE_INFINITY;
  private uptimeReadWall = 0;
  private uptime = 0;
  private readonly clocks: Clocks;
  private lengthMs: number;

  constructor(clocks: Clocks, lengthMs: number) {
    this.clocks = clocks;
    this.lengthMs = lengthMs;
  }

  /** Read the clocks before a renewal is sent. */
  reading(): Reading {
    const monotonic = this.clocks.monotonicMs();
    this.readUptime(monotonic);
    return { monotonic, wall: this.clocks.wallMs(), uptime: this.uptime };
  }

  /** Extends the lease from when the renewal was sent. False when the generation is lower than one already seen. */
  extend(sent: Reading, generation: number, lengthMs: number): boolean {
    if (generation < this.generation) return false;
    this.generation = generation;
    this.lengthMs = lengthMs;
    this.renewedAt = sent.monotonic;
    // What was sent later counts; a reading that lies ahead of the clock is of a clock that ran back.
    const { held } = this;
    if (held === null || sent.monotonic >= held.monotonic || held.monotonic > this.clocks.monotonicMs())
      this.held = sent;
    return true;
  }

  drop(): void {
    this.held = null;
  }

  /** How long ago the last renewal was sent that was answered, in ms; null: none was. */
  silentMs(): number | null {
    return this.renewedAt === null ? null : Math.max(0, this.clocks.monotonicMs() - this.renewedAt);
  }

  /** True while the lease holds. Called in the same tick as every effect. */
  valid(): boolean {
    if (this.held === null) return false;
    const monotonic = this.clocks.monotonicMs();
    const wallNow = this.clocks.wallMs();
    const sinceRead = monotonic - this.uptimeReadAt;
    // A suspend moves the wall clock and not the monotonic one: then the last reading is of before it.
    const moved = Math.abs(wallNow - this.uptimeReadWall - sinceRead) > UPTIME_WALL_MS;
    if (moved || Math.abs(sinceRead) > UPTIME_REUSE_MS) this.readUptime(monotonic);
    const wall = wallNow - this.held.wall;
    const passed = monotonic - this.held.monotonic;
    const up = this.uptime - this.held.uptime;
    // INV-2: a clock that runs backwards tells nothing about how much time passed.
    return (
      passed >= 0 &&
      passed < this.lengthMs &&
      up > -this.lengthMs &&
      up < this.lengthMs &&
      wall > -this.lengthMs &&
      wall < this.lengthMs
    );
  }

  private readUptime(monotonic: number): void {
    this.uptime = this.clocks.uptimeMs();
    this.uptimeReadAt = monotonic;
    this.uptimeReadWall = this.clocks.wallMs();
  }
}

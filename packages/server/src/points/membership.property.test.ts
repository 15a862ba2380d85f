import { createHash } from "node:crypto";
import { AppError, type PointId } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Kernel } from "../kernel.ts";
import { MemoryBoard } from "../store/sqlite/memory-board.ts";
import type { Commit } from "../store/index.ts";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { Membership, type PointRecord } from "./membership.ts";

const POINT: PointId = "ep_1";
const LEASE = { seconds: 3, renewSeconds: 1, marginMs: 500 };
const SETTINGS = { version: 1, terms: { lease: LEASE }, state: { status: "active" } };
const START = 1_000_000;

const digestOf = (instance: string): string => createHash("sha256").update(instance).digest("base64url");

/** Two servers over one state, and processes that want to be one point. Real time is one number; each server counts from a zero of its own. */
class Model {
  now = START;
  record: PointRecord;
  /** Until when the lease of each process runs: from when its renewal was sent. */
  readonly leases = new Map<string, number>();
  readonly servers: readonly Membership[];
  readonly faults: string[] = [];
  private readonly scheduler: fc.Scheduler;

  constructor(scheduler: fc.Scheduler) {
    this.scheduler = scheduler;
    const terms = { name: "edge", place: "joined", jkt: null, joinedAt: "" } as const;
    const state = { status: "away", instance: null, url: null } as const;
    this.record = { kind: "point", id: POINT, version: 1, terms, state, authority: null };
    const board = new MemoryBoard(() => this.now);
    this.servers = [0, 777_777].map((zero) => new Membership(this.kernel(board), () => this.now - zero));
  }

  private kernel(board: MemoryBoard): Kernel {
    const later = async <T>(act: () => T): Promise<T> => {
      await this.scheduler.schedule(Promise.resolve());
      return act();
    };
    const store = {
      board,
      get: async (kind: string) => (kind === "settings" ? SETTINGS : await later(() => this.record)),
      find: async () => await later(() => [this.record]),
      commit: async (commit: Commit) => await later(() => this.commit(commit)),
    };
    const random = (length: number): Uint8Array => new Uint8Array(length);
    return { store, random, now: () => this.now, pointId: "ep_0" } as never;
  }

  private commit({ expect: expected, put }: Commit): object {
    if (expected?.[0]?.version !== this.record.version) return { ok: false, code: "conflict" };
    this.record = { ...(put?.[0] as PointRecord), version: this.record.version + 1 };
    return { ok: true, version: this.record.version, indexes: [] };
  }

  /** As a renewal is answered: what the primary knows after it arrived, then the test, then an answer that takes a while. */
  async renew(server: number, instance: string, lateMs: number): Promise<void> {
    const membership = this.servers[server];
    const sent = this.now;
    await this.scheduler.schedule(Promise.resolve());
    membership?.noted(this.record);
    await this.scheduler.schedule(Promise.resolve());
    membership?.assertRenews({ point: POINT, instance, clock: this.now, applied: 0 });
    await this.scheduler.schedule(Promise.resolve());
    this.now += lateMs;
    this.leases.set(instance, Math.max(this.leases.get(instance) ?? 0, sent + LEASE.seconds * 1000));
  }

  async join(server: number, instance: string): Promise<void> {
    const sent = this.now;
    await this.servers[server]?.join({ point: POINT, instance, url: null, clock: this.now, applied: 0 });
    await this.scheduler.schedule(Promise.resolve());
    // As the answer to a join is made: the primary is asked once more after everything was read.
    this.servers[server]?.noted(this.record);
    this.servers[server]?.assertRenews({ point: POINT, instance, clock: this.now, applied: 0 });
    this.leases.set(instance, Math.max(this.leases.get(instance) ?? 0, sent + LEASE.seconds * 1000));
  }

  /** A process that ends drops its lease first. */
  async leave(server: number, instance: string): Promise<void> {
    this.leases.delete(instance);
    await this.servers[server]?.leave(POINT, instance);
  }

  /** Notes what must never be. */
  check(): void {
    const holders = [...this.leases].filter(([, until]) => until > this.now).map(([instance]) => instance);
    const { status, instance } = this.record.state;
    if (status === "away" && holders.length > 0) this.faults.push(`${holders.join()} may act and the point is away`);
    const other = holders.find((holder) => digestOf(holder) !== instance);
    if (other !== undefined) this.faults.push(`${other} may act, and another process may renew`);
  }
}

const server = fc.nat(1);
const instance = fc.constantFrom("one", "two", "three");
/** Whether everything that was begun is over before the next one begins. */
const alone = fc.boolean();
const command = fc.oneof(
  fc.record({ act: fc.constantFrom("join" as const, "leave" as const), server, instance, alone }),
  fc.record({ act: fc.constant("renew" as const), server, instance, ms: fc.nat(2000), alone }),
  fc.record({ act: fc.constantFrom("sweep" as const, "lost" as const), server, alone }),
  fc.record({ act: fc.constant("pass" as const), ms: fc.constantFrom(1, 100, 600, 1200, 2600, 3400, 3600) }),
  fc.record({ act: fc.constant("step" as const), count: fc.integer({ min: 1, max: 6 }) }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/** One run of the model: what was begun, and who ended: an instance was of its process alone. */
class Run {
  readonly model: Model;
  private readonly scheduler: fc.Scheduler;
  private readonly ended = new Set<string>();
  private readonly under: Promise<unknown>[] = [];

  constructor(scheduler: fc.Scheduler) {
    this.scheduler = scheduler;
    this.model = new Model(scheduler);
  }

  async take(one: Command): Promise<void> {
    if ("instance" in one && this.ended.has(one.instance)) return;
    if (one.act === "pass") this.model.now += one.ms;
    else if (one.act === "step") await this.step(one.count);
    else await this.begin(one);
    this.model.check();
  }

  private async begin(one: Exclude<Command, { act: "pass" | "step" }>): Promise<void> {
    if (one.act === "leave") {
      // Whatever it had asked for is answered before it ends, or to nobody.
      await this.drain();
      this.ended.add(one.instance);
    }
    const work = this.work(one).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
    });
    this.under.push(work);
    if (one.alone) await this.drain();
  }

  private async work(one: Exclude<Command, { act: "pass" | "step" }>): Promise<void> {
    const { model } = this;
    if (one.act === "join") await model.join(one.server, one.instance);
    if (one.act === "leave") await model.leave(one.server, one.instance);
    if (one.act === "renew") await model.renew(one.server, one.instance, one.ms);
    if (one.act === "sweep") await model.servers[one.server]?.sweep();
    if (one.act === "lost") await model.servers[one.server]?.lost(POINT, model.record.version);
  }

  private async step(count: number): Promise<void> {
    for (let i = 0; i < count && this.scheduler.count() > 0; i += 1) {
      await this.scheduler.waitOne();
      this.model.check();
    }
  }

  /** Until everything that was begun is over. */
  async drain(): Promise<void> {
    let isOver = false;
    const over = Promise.all(this.under).finally(() => (isOver = true));
    while (!isOver) {
      await (this.scheduler.count() > 0 ? this.scheduler.waitOne() : Promise.resolve());
      this.model.check();
    }
    await over;
  }
}

describe("who may hold a lease", () => {
  it(
    "is never two processes, and nobody is away while a lease of it can run",
    { ...verifies("INV-3"), timeout: 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(command, { minLength: 10, maxLength: 60, size: "max" }),
          async (scheduler, commands) => {
            const run = new Run(scheduler);
            for (const one of commands) await run.take(one);
            await run.drain();
            expect(run.model.faults).toEqual([]);
          },
        ),
        { numRuns: 1000 },
      );
    },
  );
});

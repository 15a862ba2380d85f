import type { AnyRecord, PointId, TaskId } from "@countersign/core";
import { type ControlPlane, EnforcementPoint, type RecordKey } from "@countersign/enforce";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import type { Kernel } from "../kernel.ts";
import { MemoryBoard } from "../store/sqlite/memory-board.ts";
import type { Put } from "../store/index.ts";
import { ServedPoints } from "./served-points.ts";
import { Points } from "./points.ts";
import { RecordStore } from "./testing/record-store.ts";

const POINT: PointId = "ep_1";
const LEASE = { seconds: 3600, renewSeconds: 3600, marginMs: 500 };
const taskOf = (n: number): TaskId => `tsk_${String(n)}`;
/** Tasks share devices, so that what one needs another may need too. */
const linksOf = (n: number): readonly RecordKey[] => [
  `task ${taskOf(n)}`,
  `agent agt_${String(n)}`,
  `device dev_${String(n % 2)}`,
];

/** Records that are believed without a signature, as they are when they end something. */
function make(kind: string, id: string, parts: { terms?: object; status: string }): Put {
  return {
    kind,
    id,
    terms: parts.terms ?? { owner: "hum_1" },
    state: { status: parts.status, answers: [] },
    authority: null,
  } as never;
}
const task = (n: number, status: string): Put =>
  make("task", taskOf(n), {
    terms: { agent: `agt_${String(n)}`, device: `dev_${String(n % 2)}`, human: "hum_1", idleSeconds: 9, purpose: null },
    status,
  });

/** A server and a point, with a link that delivers late and out of order. */
class Model {
  readonly store: RecordStore;
  readonly point: EnforcementPoint;
  readonly faults: string[] = [];
  readonly known = new Set<number>();
  private readonly scheduler: fc.Scheduler;
  private readonly points: Points;
  private readonly served: ServedPoints;
  private flips = 0;

  constructor(scheduler: fc.Scheduler) {
    this.scheduler = scheduler;
    const pause = async (): Promise<void> => await scheduler.schedule(Promise.resolve());
    this.store = new RecordStore(pause);
    const board = new MemoryBoard(() => 0);
    const commit = async ({ put }: { put: readonly Put[] }): Promise<object> => {
      await pause();
      this.store.put(...put);
      return { ok: true, version: this.store.version, indexes: [] };
    };
    const store = Object.assign(this.store, { board, commit, openIntents: async () => await Promise.resolve([]) });
    this.points = new Points(store as never);
    const keys = { openText: async () => await Promise.resolve("why") };
    const random = (length: number): Uint8Array => new Uint8Array(length);
    const kernel = { store, points: this.points, keys, random, now: () => 0, pointId: "ep_0" } as unknown as Kernel;
    this.served = new ServedPoints(kernel, () => 0);
    this.point = new EnforcementPoint({
      id: POINT,
      name: "edge",
      controlPlane: this.link(pause),
      clocks: { monotonicMs: () => 0, wallMs: () => 0, uptimeMs: () => 0 },
      random,
      issuer: { keys: [], issuer: "", audience: "" },
      compile: async () => await Promise.reject(new Error("no policies here")),
      log: { warn: () => undefined, error: () => undefined },
    });
    this.point.onTaskEnd((of) => {
      if (this.point.replica.get("task", of) === undefined) this.known.delete(Number(of.slice(4)));
    });
  }

  private link(pause: () => Promise<void>): ControlPlane {
    const { served } = this;
    const late = async <T>(work: () => Promise<T>): Promise<T> => {
      await pause();
      const answer = await work();
      await pause();
      return answer;
    };
    return {
      join: async (hello: never) => await late(async () => await served.join(hello)),
      renew: async (renewal: never) => await late(async () => await served.renew(renewal)),
      learn: async (point: PointId, of: TaskId) => await late(async () => await served.learn(point, of)),
      forget: async (point: PointId, of: readonly TaskId[]) =>
        await late(async () => await Promise.resolve(served.forget(point, of))),
      leave: async () => await Promise.resolve(),
    } as never;
  }

  async begin(): Promise<void> {
    const terms = { name: "edge", place: "own", jkt: null, joinedAt: "" };
    const point = {
      kind: "point",
      id: POINT,
      terms,
      state: { status: "away", instance: null, url: null },
      authority: null,
    };
    const settings = {
      kind: "settings",
      id: "settings",
      terms: { lease: LEASE },
      state: { status: "active" },
      authority: "genesis",
    };
    this.store.put(
      point as never,
      settings as never,
      make("human", "hum_1", { terms: { roles: [] }, status: "pending" }),
    );
    for (const n of [0, 1, 2, 3])
      this.store.put(task(n, "live"), make("agent", `agt_${String(n)}`, { status: "suspended" }));
    for (const n of [0, 1]) this.store.put(make("device", `dev_${String(n)}`, { status: "lost" }));
    await this.served.begin();
    this.connect();
    await this.point.start();
  }

  connect(): void {
    const { id, name, lease } = this.point;
    this.points.connect({
      id,
      name,
      lease,
      push: async (change) => {
        await this.scheduler.schedule(Promise.resolve());
        return await this.point.push(change);
      },
    });
  }

  /** Committed; pushed at once, or left to the next renewal, as what another server commits. */
  change(what: number, pushed: boolean): void {
    this.flips += 1;
    const n = what % 4;
    const status = this.flips % 2 === 0 ? "suspended" : "retired";
    const puts = [
      make("agent", `agt_${String(n)}`, { status }),
      make("device", `dev_${String(n % 2)}`, { status: this.flips % 2 === 0 ? "lost" : "retired" }),
      make("approval", `apr_${String(n)}`, { terms: { task: taskOf(n) }, status: "pending" }),
    ];
    const records = this.store.put(puts[what % 3] as Put);
    if (pushed) this.publish(records);
  }

  private publish(records: readonly AnyRecord[]): void {
    for (const { answer } of this.points.publish({ generation: 1, version: this.store.version, records }))
      answer.catch(() => undefined);
  }

  async learn(n: number): Promise<void> {
    const isKnown = await this.point.learn(taskOf(n));
    // Dropped since: whoever asks now is told that there is no such task.
    if (isKnown && this.point.replica.get("task", taskOf(n)) !== undefined) this.known.add(n);
  }

  drop(n: number): void {
    if (!this.known.has(n)) return;
    const { learning } = this.point as unknown as { learning: { drop(tasks: readonly TaskId[]): void } };
    learning.drop([taskOf(n)]);
  }

  /** INV-1: of every task that is served, all is applied up to the version for which the point holds its lease. */
  check(): void {
    const { replica } = this.point;
    for (const n of this.known) {
      for (const key of [...linksOf(n), `approval apr_${String(n)}` as RecordKey]) {
        const [kind = "", id = ""] = key.split(" ");
        const held = replica.get(kind as "task", id)?.version ?? 0;
        const needed = this.store.versionOf(key, replica.version);
        if (held < needed)
          this.faults.push(`${key} is ${String(held)}, and ${String(needed)} is below ${String(replica.version)}`);
      }
    }
  }
}

const n = fc.nat(3);
const step = fc.oneof(
  fc.record({ act: fc.constant("change" as const), n: fc.nat(11), pushed: fc.boolean() }),
  fc.record({ act: fc.constantFrom("learn" as const, "drop" as const, "again" as const), n }),
  fc.record({ act: fc.constantFrom("renew" as const, "reconnect" as const, "settle" as const) }),
  fc.record({ act: fc.constant("wait" as const), n: fc.integer({ min: 1, max: 12 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function until(model: Model, scheduler: fc.Scheduler, over: Promise<unknown>): Promise<void> {
  let isOver = false;
  const end = over.finally(() => (isOver = true));
  while (!isOver) {
    await (scheduler.count() > 0 ? scheduler.waitOne() : Promise.resolve());
    model.check();
  }
  await end;
}

async function run(scheduler: fc.Scheduler, steps: readonly Step[]): Promise<Model> {
  const model = new Model(scheduler);
  await until(model, scheduler, model.begin());
  let under: Promise<unknown>[] = [];
  const renew = async (): Promise<void> => {
    await (model.point as unknown as { renewal: { renew(): Promise<void> } }).renewal.renew();
  };
  const act: Readonly<Record<Step["act"], (at: number, pushed: boolean) => unknown>> = {
    change: (at, pushed) => model.change(at, pushed),
    learn: (at) => under.push(model.learn(at)),
    drop: (at) => model.drop(at),
    again: (at) => {
      model.drop(at);
      under.push(model.learn(at));
    },
    renew: () => under.push(renew()),
    reconnect: () => model.connect(),
    settle: async () => await until(model, scheduler, Promise.all(under.splice(0))),
    wait: async (times) => {
      for (let i = 0; i < times && scheduler.count() > 0; i += 1) {
        await scheduler.waitOne();
        model.check();
      }
    },
  };
  for (const one of steps) {
    await act[one.act]("n" in one ? one.n : 0, "pushed" in one && one.pushed);
    model.check();
  }
  await until(model, scheduler, Promise.all(under));
  under = [];
  // A point that was taken for gone joins first, and then renews.
  for (let i = 0; i < 3; i += 1) await until(model, scheduler, renew());
  if (model.point.replica.version !== model.store.version)
    model.faults.push("the point does not hold the last version");
  await until(model, scheduler, model.point.stop());
  return model;
}

describe("INV-1: what a point holds of the tasks that it serves", () => {
  it(
    "is all that changed up to the version of its lease, whatever was late, lost, dropped, or learned meanwhile",
    { ...verifies("INV-1"), timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(step, { minLength: 10, maxLength: 60, size: "max" }),
          async (scheduler, steps) => {
            expect((await run(scheduler, steps)).faults).toEqual([]);
          },
        ),
        { numRuns: 500 },
      );
    },
  );
});

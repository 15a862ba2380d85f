import { type AnyRecord, AppError, type PointId, type StateRecord, type TaskId } from "@countersign/core";
import {
  type Hello,
  type Learned,
  type RecordKey,
  type RenewalRequest,
  type Snapshot,
  keyOf,
} from "@countersign/enforce";
import { type Kernel, settingsOf } from "../kernel.ts";
import { closeIntentsOf } from "../ledger/index.ts";
import type { Head } from "../store/index.ts";
import { isServable } from "./servable.ts";
import { Barrier } from "./barrier.ts";
import { closeLeft } from "./close-left.ts";
import type { Interest } from "./interest.ts";
import { Membership } from "./membership.ts";
import { taskKey } from "./points.ts";
import { type PointStanding, standings } from "./standing.ts";

/** Tasks that a point takes along when it joins again. */
const MOST_TASKS = 10_000;
const MOST_URL_CHARS = 2048;
/** How long a point that fell silent may take to come back and say itself how that ended which it had begun. */
const CLOSED_AFTER_MS = 60_000;

/** Leases of the points that are connected here, and what each is told (ADR 0007). */
export class ServedPoints {
  readonly membership: Membership;
  /** Is told of each record of a point that changed, at the latest with the next sweep. */
  moved: (record: StateRecord<"point">) => void = () => undefined;
  private readonly kernel: Kernel;
  private readonly barrier: Barrier;
  /** Of those that joined here: the secret of their process, and the version of their record by which they did. */
  private readonly joined = new Map<PointId, { readonly instance: string; readonly version: number }>();
  /** The answer to all for whom nothing changed: one object for one state. */
  private nothing: Snapshot = { generation: 0, version: 0, records: [] };

  private readonly monotonicMs: () => number;
  /** When the last look at the primary that was answered began. */
  private headAt: number;
  private closing: Promise<void> | null = null;
  private leaseMs = Number.POSITIVE_INFINITY;

  constructor(kernel: Kernel, monotonicMs: () => number) {
    this.kernel = kernel;
    this.monotonicMs = monotonicMs;
    this.headAt = monotonicMs();
    this.membership = new Membership(kernel, monotonicMs);
    kernel.points.seen = this.membership;
    this.barrier = new Barrier(kernel.store, kernel.points, (record) => {
      this.membership.noted(record);
      this.moved(record);
    });
  }

  /** Before anybody joins. */
  async begin(): Promise<void> {
    await this.barrier.begin();
    await this.membership.begin();
  }

  async join(hello: Hello): Promise<Snapshot> {
    if (hello.tasks.length > MOST_TASKS || (hello.url?.length ?? 0) > MOST_URL_CHARS)
      throw new AppError("request.too_many", { detail: "the point takes too much along" });
    const { points } = this.kernel;
    const tasks = await this.servable(hello.point, hello.tasks);
    // INV-3: it is told of changes before it may act. A stop that came earlier finds it away; one that comes later finds it here.
    const interest = points.begin(hello.point, tasks);
    if (interest === null) throw new AppError("point.left", { detail: "the point is not connected here" });
    interest.gathering = true;
    const { version, state } = await this.membership.join(hello);
    points.joined(hello.point, state.joins ?? 0);
    // INV-6: whoever knows nothing is a new process: nobody else can tell what became of what the former one had under way.
    if (hello.applied === 0) await closeIntentsOf(this.kernel, hello.point);
    this.joined.set(hello.point, { instance: hello.instance, version });
    const common = await points.chains.common(points.interests.everyone);
    const since = hello.applied === 0 ? [] : await points.chains.commonSince(hello.applied);
    const chains = await points.chains.read(interest, tasks.map(taskKey));
    interest.gathering = false;
    const head = await this.barrier.now();
    this.membership.assertRenews(hello);
    this.membership.answers(hello.point, head);
    return { ...head, records: newest([...since, ...common, ...chains, ...(interest.pending?.values() ?? [])], head) };
  }

  async renew(renewal: RenewalRequest): Promise<Snapshot> {
    const head = await this.barrier.now();
    this.membership.assertRenews(renewal);
    this.membership.answers(renewal.point, head);
    const interest = this.kernel.points.interestOf(renewal.point);
    if (interest === null || interest.pending === null) throw new AppError("point.left");
    if (renewal.applied > head.version)
      throw new AppError("lease.behind", { detail: "the database knows less than the point has applied" });
    return this.told(interest, renewal.applied, head);
  }

  /** What changed after `applied`, of all that this point was told. */
  private told({ pending }: Interest, applied: number, head: Head): Snapshot {
    for (const [key, { version }] of pending ?? []) if (version <= applied) pending?.delete(key);
    const records = newest([...(pending?.values() ?? [])], head);
    if (records.length > 0) return { ...head, records };
    const { nothing } = this;
    if (nothing.generation !== head.generation || nothing.version !== head.version)
      this.nothing = { ...head, records: [] };
    return this.nothing;
  }

  async learn(point: PointId, task: TaskId): Promise<Learned> {
    const { points, store, keys } = this.kernel;
    const interest = this.interestOf(point);
    const key = taskKey(task);
    const [servable] = await this.servable(point, [task]);
    if (servable !== undefined) interest.root(key);
    const records = servable === undefined ? [] : await points.chains.read(interest, [key]);
    const found = records.find((record) => record.kind === "task" && record.id === task);
    if (found?.kind !== "task") interest.release([key]);
    return {
      generation: store.generation,
      version: Math.max(0, ...records.map(({ version }) => version)),
      records,
      purpose: found?.kind === "task" ? await keys.openText(found.terms.purpose) : null,
    };
  }

  /**
   * Of these tasks those of which this point may be told. INV-4: a gateway on another machine learns nothing of tasks whose credentials are for
   * other gateways. Which ones these are for only grows, so that it may be asked before they are read.
   */
  private async servable(point: PointId, tasks: readonly TaskId[]): Promise<readonly TaskId[]> {
    if (tasks.length === 0 || this.membership.isOwn(point)) return tasks;
    const found = await this.kernel.store.records(tasks.map((id) => ({ kind: "task", id })));
    const others = new Set<string>();
    for (const record of found) if (record.kind === "task" && !isServable(record, point)) others.add(record.id);
    return tasks.filter((task) => !others.has(task));
  }

  forget(point: PointId, tasks: readonly TaskId[]): void {
    this.kernel.points.interestOf(point)?.release(tasks.map(taskKey));
  }

  /** The point has dropped its lease and ends. */
  async leave(point: PointId): Promise<void> {
    const joined = this.joined.get(point);
    if (joined === undefined) return;
    this.joined.delete(point);
    await this.membership.leave(point, joined.instance);
  }

  /** Its link ended without a word: whoever was behind it may act until its lease is over. */
  async lost(point: PointId): Promise<void> {
    const joined = this.joined.get(point);
    if (joined === undefined) return;
    this.joined.delete(point);
    await this.membership.lost(point, joined.version);
  }

  /** How every point stands, as this process knows it: also while the database does not answer. */
  standings(): readonly PointStanding[] {
    const { points, now } = this.kernel;
    return standings({ records: this.membership.all(), connected: points.all(), now: now() });
  }

  async lastAsked(): ReturnType<Membership["lastAsked"]> {
    return await this.membership.lastAsked();
  }

  /** The primary has not answered this server for as long as a lease lasts. */
  isDatabaseSilent(): boolean {
    return this.monotonicMs() - this.headAt > this.leaseMs;
  }

  /** To be called twice a second. */
  async sweep(): Promise<void> {
    // What other servers changed is seen, also while nobody renews here.
    const asked = this.monotonicMs();
    await this.barrier.now();
    this.headAt = asked;
    this.leaseMs = (await settingsOf(this.kernel)).lease.seconds * 1000;
    await this.membership.sweep();
    this.closing ??= this.closeLeft().finally(() => (this.closing = null));
  }

  /** Beside the sweep, because it reads much. Tried again with a later one. */
  private async closeLeft(): Promise<void> {
    const { log } = this.kernel;
    try {
      for (const record of this.membership.unclosed(CLOSED_AFTER_MS)) {
        const closed = await closeLeft(this.kernel, record);
        if (closed !== null) this.membership.noted(closed);
      }
    } catch (error) {
      log.warn({ err: error }, "what points had begun that are gone was not closed");
    }
  }

  private interestOf(point: PointId): Interest {
    const interest = this.kernel.points.interestOf(point);
    if (interest === null) throw new AppError("point.left");
    if (interest.isFull) throw new AppError("request.too_many", { detail: "the point serves too many tasks" });
    return interest;
  }
}

/** The newest of each record; what is newer than the answer itself comes with the next one. */
function newest(records: readonly AnyRecord[], { version }: Head): readonly AnyRecord[] {
  const found = new Map<RecordKey, AnyRecord>();
  for (const record of records) {
    const key = keyOf(record);
    if (record.version <= version && (found.get(key)?.version ?? -1) < record.version) found.set(key, record);
  }
  return [...found.values()];
}

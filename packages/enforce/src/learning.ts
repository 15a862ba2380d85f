import type { AnyRecord, TaskId } from "@countersign/core";
import type { Learned } from "./control-plane.ts";
import type { Intake } from "./intake.ts";
import { Places } from "./places.ts";
import { TokenBucket } from "./token-bucket.ts";
import { within } from "./within.ts";

/** Longest wait for what stands behind a task; after that its action is denied. */
const ANSWER_MS = 5000;
/** How long the control plane may take to gather what a point needs that joins. */
const JOIN_MS = 30_000;
/** Tasks that are asked for at a time, and that wait to be. */
const MOST_ASKED = 64;
const MOST_WAITING = 10_000;
/** How long a task that is unknown is not asked for again, and how many are remembered. */
const UNKNOWN_MS = 5000;
const MOST_UNKNOWN = 10_000;
/** How long a task stays after it ended, so that its client is told that it ended. */
const ENDED_MS = 60_000;
/** How long a live task stays without being used, at least: the control plane ends it after its own idle time anyway. */
const UNUSED_MS = 900_000;
/** How long nothing is asked again about a task that is known. */
const AGAIN_MS = 1000;

export interface LearningParts {
  readonly intake: Intake;
  readonly ask: (task: TaskId) => Promise<Learned>;
  /** Takes in an answer, after all that came before it. */
  readonly take: (learned: Learned) => Promise<void>;
  readonly record: (task: TaskId) => AnyRecord | undefined;
  /** Tells the control plane that these were dropped. */
  readonly forget: (tasks: readonly TaskId[]) => Promise<void>;
  /** Tasks for which something is under way. */
  readonly inUse: () => ReadonlySet<TaskId>;
  readonly dropped: (task: TaskId) => void;
  readonly monotonicMs: () => number;
  readonly failed: (error: unknown, task: TaskId | null) => void;
}

interface Known {
  usedAt: number;
  askedAt: number;
  /** When it was first seen to be over; null while it lives. */
  endedAt: number | null;
  readonly unusedMs: number;
}

/** The tasks that this point serves: learned when a credential first names one, dropped when it ended or is not used any more. */
export class Learning {
  /** Purposes of the tasks, in clear. */
  readonly purposes: Map<string, string> = new Map();
  private readonly parts: LearningParts;
  private readonly known = new Map<TaskId, Known>();
  private readonly asking = new Map<TaskId, Promise<boolean>>();
  /** Until when a task is taken to be unknown. */
  private readonly unknown = new Map<TaskId, number>();
  private readonly forgetting = new Map<TaskId, Promise<void>>();
  /** Those of `asking` that were asked for. */
  private readonly begun = new Set<TaskId>();
  private joining: Promise<undefined> | null = null;
  private readonly places = new Places(MOST_ASKED, MOST_WAITING);
  /** Bounds what is asked about tasks that do not exist. */
  private readonly inVain = new TokenBucket(100, 10);

  constructor(parts: LearningParts) {
    this.parts = parts;
  }

  /** How much is remembered. */
  get size(): number {
    const { known, purposes, asking, begun, unknown, forgetting } = this;
    return [known, purposes, asking, begun, unknown, forgetting].reduce((sum, { size }) => sum + size, 0);
  }

  /** The tasks that are being asked for, and those that are served, those that were used last first. */
  tasks(): readonly TaskId[] {
    const served = [...this.known].filter(([task]) => !this.begun.has(task));
    return [...this.begun, ...served.sort(([, a], [, b]) => b.usedAt - a.usedAt).map(([task]) => task)];
  }

  /**
   * The point joins: what it is told begins anew, with the tasks that it names. INV-1: what is not named yet is asked for when that has
   * begun, else changes of it would be told to nobody.
   */
  async whileJoining<T>(join: () => Promise<T>): Promise<T> {
    const over = Promise.withResolvers<undefined>();
    this.joining = over.promise;
    try {
      return await within(JOIN_MS, join());
    } finally {
      this.joining = null;
      over.resolve(undefined);
    }
  }

  /** True when the task, and all that stands behind it, is known here; false when there is none, or nobody said so in time. */
  async learn(task: TaskId): Promise<boolean> {
    const known = this.known.get(task);
    if (known === undefined) return await this.asked(task);
    known.usedAt = this.parts.monotonicMs();
    return true;
  }

  /** Asks again about a task that is known, because its client shows what is not: at most once a second. */
  async learnAgain(task: TaskId): Promise<void> {
    const known = this.known.get(task);
    if (known !== undefined && this.parts.monotonicMs() - known.askedAt >= AGAIN_MS) await this.asked(task);
  }

  /** A record changed. */
  noticed(record: AnyRecord): void {
    const known = record.kind === "task" ? this.known.get(record.id) : undefined;
    if (known !== undefined && record.state.status !== "live") known.endedAt ??= this.parts.monotonicMs();
  }

  /** Drops the tasks that ended or stood still, and then says so. What is under way keeps its task. */
  prune(): void {
    const now = this.parts.monotonicMs();
    for (const [task, until] of this.unknown) if (until <= now) this.unknown.delete(task);
    const inUse = this.parts.inUse();
    const over = [...this.known].flatMap(([task, known]) =>
      isOver(known, now) && !inUse.has(task) && !this.asking.has(task) ? [task] : [],
    );
    if (over.length > 0) this.drop(over);
  }

  /** Drops tasks, and then says so. */
  drop(tasks: readonly TaskId[]): void {
    for (const task of tasks) {
      this.known.delete(task);
      this.purposes.delete(task);
    }
    this.parts.intake.drop(tasks);
    for (const task of tasks) this.parts.dropped(task);
    const said = this.parts
      .forget(tasks)
      // Whoever cannot be told tells everything anew when the point joins again.
      .catch((error: unknown) => this.parts.failed(error, null))
      .finally(() => {
        for (const task of tasks) if (this.forgetting.get(task) === said) this.forgetting.delete(task);
      });
    for (const task of tasks) this.forgetting.set(task, said);
  }

  private async asked(task: TaskId): Promise<boolean> {
    const under = this.asking.get(task);
    if (under !== undefined) return await under;
    const now = this.parts.monotonicMs();
    if ((this.unknown.get(task) ?? 0) > now || this.inVain.isEmpty(now)) return false;
    const asking = this.ask(task)
      .catch((error: unknown) => {
        this.parts.failed(error, task);
        // The control plane may have heard it and tell changes from now on.
        if (!this.known.has(task)) this.drop([task]);
        return false;
      })
      .finally(() => this.asking.delete(task));
    this.asking.set(task, asking);
    return await asking;
  }

  private async ask(task: TaskId): Promise<boolean> {
    const { intake, take } = this.parts;
    return await this.places.take(async () => {
      // INV-1: what was dropped is asked for after the control plane knows that it was, else it would tell no changes of it.
      const dropped = this.forgetting.get(task);
      if (dropped !== undefined) await within(ANSWER_MS, dropped);
      while (this.joining !== null) await within(ANSWER_MS, this.joining);
      const end = intake.begin(task);
      this.begun.add(task);
      try {
        const learned = await within(ANSWER_MS, this.parts.ask(task));
        await take(learned);
        return this.taken(task, learned);
      } finally {
        this.begun.delete(task);
        if (!this.known.has(task)) intake.drop([task]);
        end();
      }
    });
  }

  private taken(task: TaskId, { purpose }: Learned): boolean {
    const now = this.parts.monotonicMs();
    const record = this.parts.record(task);
    if (record?.kind !== "task") {
      this.inVain.take(now);
      if (this.unknown.size < MOST_UNKNOWN) this.unknown.set(task, now + UNKNOWN_MS);
      return false;
    }
    this.known.set(task, {
      usedAt: now,
      askedAt: now,
      endedAt: record.state.status === "live" ? null : now,
      unusedMs: Math.max(UNUSED_MS, record.terms.idleSeconds * 1000),
    });
    if (purpose !== null) this.purposes.set(task, purpose);
    return true;
  }
}

function isOver({ usedAt, endedAt, unusedMs }: Known, now: number): boolean {
  return endedAt === null ? now - usedAt >= unusedMs : now - endedAt >= ENDED_MS;
}

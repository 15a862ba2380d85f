import type { StateRecord, TaskId } from "@countersign/core";
import type { Store } from "../store/index.ts";
import { Deadlines } from "./deadlines.ts";
import { TOLD_WITHIN_MS } from "./last-use.ts";

/** When a live task is over, in ms. */
interface Living {
  readonly openedAt: number;
  readonly expiresAt: number;
  /** And as long as other servers may take to say that it acted. */
  readonly idleMs: number;
}

/** When a task acted last, Unix milliseconds. */
export type UsedAt = (task: TaskId) => number;

/**
 * The live tasks, by when each of them may be over next. All are read once; after that what changed and what is due is looked at, however many
 * there are. A task that is used is looked at once in its idle time.
 */
export class DueTasks {
  private readonly store: Pick<Store, "find" | "changes">;
  private readonly ended: (task: TaskId) => void;
  private readonly living = new Map<TaskId, Living>();
  private readonly deadlines = new Deadlines<TaskId>();
  /** Every change up to this version is known; null: nothing is. */
  private version: number | null = null;

  /** `ended` is told of each task that was live and is not any more. */
  constructor(store: Pick<Store, "find" | "changes">, ended: (task: TaskId) => void) {
    this.store = store;
    this.ended = ended;
  }

  has(task: TaskId): boolean {
    return this.living.has(task);
  }

  /** Takes in what changed. */
  async follow(): Promise<void> {
    const since = this.version ?? (await this.store.changes(Number.MAX_SAFE_INTEGER, [])).version;
    if (this.version === null) for (const task of await this.store.find("task", { status: "live" })) this.noted(task);
    const { version, records } = await this.store.changes(since, ["task"]);
    for (const record of records) if (record.kind === "task") this.noted(record);
    this.version = version;
  }

  /** Tasks that are over by what is known now, and why. They are answered again with each look until they have ended. */
  due(now: number, usedAt: UsedAt): readonly { readonly task: TaskId; readonly cause: "expired" | "idle" }[] {
    const due: { task: TaskId; cause: "expired" | "idle" }[] = [];
    for (const task of this.deadlines.take(now)) {
      const living = this.living.get(task);
      if (living === undefined) continue;
      const at = Math.min(living.expiresAt, idleAt(living, usedAt(task)));
      if (at <= now) due.push({ task, cause: living.expiresAt <= now ? "expired" : "idle" });
      this.deadlines.add(task, Math.max(at, now + 1));
    }
    return due;
  }

  /** By what is known now, after a look at what others know. */
  isIdle(task: TaskId, now: number, usedAt: UsedAt): boolean {
    const living = this.living.get(task);
    return living !== undefined && idleAt(living, usedAt(task)) <= now;
  }

  private noted({ id, terms, state }: StateRecord<"task">): void {
    if (state.status !== "live") {
      if (this.living.delete(id)) this.ended(id);
      return;
    }
    const [openedAt, expiresAt] = [Date.parse(terms.openedAt), Date.parse(terms.expiresAt)];
    const isNew = !this.living.has(id);
    const living = { openedAt, expiresAt, idleMs: terms.idleSeconds * 1000 + TOLD_WITHIN_MS };
    this.living.set(id, living);
    if (isNew) this.deadlines.add(id, Math.min(expiresAt, idleAt(living, openedAt)));
  }
}

function idleAt({ openedAt, idleMs }: Living, usedAt: number): number {
  return Math.max(usedAt, openedAt) + idleMs;
}

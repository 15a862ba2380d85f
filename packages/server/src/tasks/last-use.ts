import type { TaskId } from "@countersign/core";
import type { Kernel } from "../kernel.ts";

const TOPIC = "task-use";
/** How long uses are gathered before the other servers are told. */
const GATHER_MS = 2000;
/** A use that is older than this is known to every server that can read the board. */
export const TOLD_WITHIN_MS = 5000;
/** Longer than any task may stand still. */
const LIFE_MS = 9 * 3_600_000;

/**
 * When each task last acted, as far as any server knows. Servers tell each other on the board, a few seconds late; each keeps what it has
 * read, so that a board that was lost ends no task: who starts anew takes its start for an act.
 */
export class LastUse {
  private readonly kernel: Pick<Kernel, "store" | "now" | "log">;
  /** Unix milliseconds. */
  private readonly uses = new Map<TaskId, number>();
  private readonly untold = new Set<TaskId>();
  private readonly startedAt: number;
  private telling: NodeJS.Timeout | null = null;

  constructor(kernel: Pick<Kernel, "store" | "now" | "log">) {
    this.kernel = kernel;
    this.startedAt = kernel.now();
  }

  touch(task: TaskId): void {
    this.uses.set(task, this.kernel.now());
    this.untold.add(task);
    this.telling ??= setTimeout(() => void this.tell(), GATHER_MS).unref();
  }

  of(task: TaskId): number {
    return this.uses.get(task) ?? this.startedAt;
  }

  /** The task has ended. */
  forget(task: TaskId): void {
    this.uses.delete(task);
    this.untold.delete(task);
  }

  /** Takes in what other servers have seen; of tasks that are not `live` nothing is kept. */
  async follow(live: Pick<ReadonlySet<TaskId>, "has">): Promise<void> {
    const now = this.kernel.now();
    for (const { key, ageMs } of await this.kernel.store.board.read(TOPIC)) {
      const task = key as TaskId;
      const at = now - ageMs;
      if (at > (this.uses.get(task) ?? 0)) this.uses.set(task, at);
    }
    for (const task of this.uses.keys()) if (!live.has(task)) this.uses.delete(task);
  }

  private async tell(): Promise<void> {
    this.telling = null;
    const tasks = [...this.untold];
    this.untold.clear();
    try {
      await this.kernel.store.board.post(
        TOPIC,
        tasks.map((key) => ({ key, value: true })),
        LIFE_MS,
      );
    } catch (error) {
      // Told with the next use; this server knows it all the same.
      this.kernel.log.warn({ err: error }, "the last use of tasks was not told to the other servers");
    }
  }
}

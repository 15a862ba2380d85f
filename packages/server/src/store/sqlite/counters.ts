import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Tasks whose last count is remembered; older ones are looked up again. */
const REMEMBERED = 20_000;

/**
 * Version, journal size and the gapless counts of points and tasks, as of the transaction under way. Memory of what the database
 * says: after a transaction that failed, {@link reload} reads it again, so that no number is skipped.
 */
export class Counters {
  version = 0;
  size = 0;
  private readonly points = new Map<string, number>();
  private readonly tasks = new Map<string, number>();
  private readonly db: DatabaseSync;
  private readonly lastOfPoint: StatementSync;
  private readonly lastOfTask: StatementSync;

  constructor(db: DatabaseSync) {
    this.db = db;
    this.lastOfPoint = db.prepare("SELECT max(point_seq) AS last FROM journal WHERE point = ?");
    this.lastOfTask = db.prepare("SELECT max(task_seq) AS last FROM journal WHERE task = ?");
    this.reload();
  }

  reload(): void {
    this.points.clear();
    this.tasks.clear();
    this.version = one(this.db.prepare("SELECT max(version) AS last FROM records")) ?? 0;
    this.size = (one(this.db.prepare("SELECT max(idx) AS last FROM journal")) ?? -1) + 1;
  }

  /** The next count of a point; the first is 1. */
  nextOfPoint(point: string): number {
    const next = (this.points.get(point) ?? one(this.lastOfPoint, point) ?? 0) + 1;
    this.points.set(point, next);
    return next;
  }

  /** The next count of a task; the first is 1. */
  nextOfTask(task: string): number {
    const next = (this.tasks.get(task) ?? one(this.lastOfTask, task) ?? 0) + 1;
    if (this.tasks.size >= REMEMBERED) this.tasks.clear();
    this.tasks.set(task, next);
    return next;
  }
}

function one(statement: StatementSync, ...key: string[]): number | null {
  return (statement.get(...key) as { readonly last: number | null }).last;
}

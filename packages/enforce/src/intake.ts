import { type AnyRecord, AppError, type TaskId } from "@countersign/core";
import { admitAll } from "./admission.ts";
import type { Snapshot } from "./control-plane.ts";
import { Holdings } from "./holdings.ts";
import { EVERYWHERE, type RecordKey, keyOf, needsOf, refOf } from "./needs.ts";
import type { Replica } from "./replica.ts";

/** Records that wait for whoever signed them; beyond it nothing more is taken in. */
const MOST_WAITING = 10_000;

/**
 * How long a stop that was lifted is kept. An approval that was asked for before it does not outlive it (design 5.2), and counts for a day and a
 * quarter of an hour at most; the rest is for clocks that differ.
 */
const LIFTED_MS = 25 * 3_600_000;

interface IntakeParts {
  readonly replica: Replica;
  readonly refused: (record: AnyRecord, reason: string) => void;
}

/**
 * The one way of records into the replica. They are believed as far as they are signed, and kept as far as something here needs them: what
 * everybody needs, and the chains of the tasks that were learned.
 */
export class Intake {
  generation = 0;
  private readonly parts: IntakeParts;
  private readonly holdings = new Holdings();
  /** Refused for now: believed when whoever signed them is known. */
  private waiting = new Map<RecordKey, AnyRecord>();
  /** Nothing here needs them yet, but a task that is being learned may; with the number of the last learning that had begun. */
  private readonly undecided = new Map<RecordKey, number>();
  /** Numbers of what is being learned. */
  private readonly learning = new Set<number>();
  private learnings = 0;

  constructor(parts: IntakeParts) {
    this.parts = parts;
  }

  /** How much is remembered beside the replica. */
  get size(): number {
    return this.holdings.size + this.waiting.size + this.undecided.size + this.learning.size;
  }

  /** @throws AppError `lease.behind` when whoever says this knows less than is known here */
  assertNotBehind({ generation }: Pick<Snapshot, "generation">): void {
    if (generation < this.generation)
      throw new AppError("lease.behind", { detail: "a change of a lower generation was refused" });
  }

  /** Everything of concern up to its version. @throws AppError `lease.behind`, `link.malformed` */
  answer(snapshot: Snapshot): void {
    if (snapshot.generation >= this.generation && snapshot.version < this.parts.replica.version)
      throw new AppError("lease.behind", { detail: "an answer of a lower version was refused" });
    this.changes(snapshot);
    this.parts.replica.version = snapshot.version;
  }

  /** Some changes; what else changed before them may not be known yet. @throws AppError `lease.behind`, `link.malformed` */
  changes({ generation, version, records }: Snapshot): void {
    this.assertNotBehind({ generation });
    if (records.some((record) => record.version > version))
      throw new AppError("link.malformed", {
        detail: "a record is of a later version than the change that it came in",
      });
    this.generation = generation;
    this.admit(records);
    this.settle(records.map(keyOf));
  }

  /** A task is asked for: from here on nothing is dropped that may belong to it. Answers what ends that. */
  begin(task: TaskId): () => void {
    const number = (this.learnings += 1);
    this.learning.add(number);
    this.holdings.root(taskKey(task));
    return () => {
      this.learning.delete(number);
      this.settle([]);
    };
  }

  /** Drops tasks, and what only they needed as soon as nothing that is being learned may need it. */
  drop(tasks: readonly TaskId[]): void {
    const keys = tasks.map(taskKey);
    for (const key of keys) {
      this.holdings.unroot(key);
      this.parts.replica.drop(refOf(key));
    }
    this.settle(keys);
  }

  /** Drops stops that were lifted, when no approval can be older than they are. `now`: Unix milliseconds. */
  dropLifted(now: number): void {
    const over = [...this.parts.replica.all("brake")].filter(
      ({ state, terms }) => state.status === "thawed" && now - Date.parse(terms.at) > LIFTED_MS,
    );
    for (const brake of over) this.holdings.unroot(keyOf(brake));
    this.settle(over.map(keyOf));
  }

  private admit(records: readonly AnyRecord[]): void {
    const { replica, refused } = this.parts;
    const batch = new Map<string, AnyRecord>(this.waiting);
    for (const record of records) batch.set(`${keyOf(record)} ${String(record.version)}`, record);
    const fresh = new Set(records);
    const waiting = new Map<RecordKey, AnyRecord>();
    for (const { record, reason } of admitAll([...batch.values()], replica)) {
      if (fresh.has(record)) refused(record, reason);
      const key = keyOf(record);
      if ((waiting.get(key)?.version ?? 0) < record.version) waiting.set(key, record);
    }
    if (waiting.size > MOST_WAITING)
      throw new AppError("link.malformed", { detail: "more records than are kept wait for a signature" });
    this.waiting = waiting;
    for (const record of batch.values()) this.note(record);
  }

  private note(record: AnyRecord): void {
    const key = keyOf(record);
    const known = this.parts.replica.get(record.kind, record.id) as AnyRecord | undefined;
    if (EVERYWHERE.has(record.kind)) this.holdings.root(key);
    this.holdings.add(key, needsOf(known ?? record).map(keyOf));
    if (record.kind !== "approval" || record.terms.task === null) return;
    const task = taskKey(record.terms.task);
    if (this.holdings.has(task)) this.holdings.add(task, [key]);
  }

  /** Drops what nothing needs: of these records, and of those for which it was not certain before. */
  private settle(keys: readonly RecordKey[]): void {
    for (const key of keys) {
      this.undecided.delete(key);
      this.undecided.set(key, this.learnings);
    }
    const oldest = Math.min(...this.learning, Number.POSITIVE_INFINITY);
    const certain: RecordKey[] = [];
    for (const [key, number] of this.undecided) {
      if (number >= oldest) break;
      certain.push(key);
    }
    for (const key of certain) this.undecided.delete(key);
    for (const key of this.holdings.release(certain)) {
      this.waiting.delete(key);
      this.parts.replica.drop(refOf(key));
    }
  }
}

const taskKey = (id: TaskId): RecordKey => keyOf({ kind: "task", id });

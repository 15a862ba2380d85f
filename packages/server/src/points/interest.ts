import type { AnyRecord, Chain, TaskId } from "@countersign/core";
import { EVERYWHERE, Holdings, type RecordKey, type RecordRef, keyOf, needsOf, refOf } from "@countersign/enforce";

/** Changes that a point may have missed; beyond it the point is asked to join anew. */
const MOST_PENDING = 20_000;
/** Records about which one point is told. */
const MOST_HELD = 1_000_000;

/** What one point was told, by name: changes of that, and of nothing else, are told to it. */
export class Interest {
  /** Changes that no renewal has carried yet. Null: too many, so that everything must be told anew. */
  pending: Map<RecordKey, AnyRecord> | null = new Map();
  readonly holdings: Holdings = new Holdings();
  /** The point joins, and not everything that it holds already is named here yet: nobody knows what does not concern it. */
  gathering = false;
  private readonly index: Map<RecordKey, Set<Interest>>;
  private readonly learned = new Map<string, Chain>();

  constructor(index: Map<RecordKey, Set<Interest>>) {
    this.index = index;
  }

  /** Whom a task stands for that the point serves: of these it may speak, and of no others. */
  chainOf(task: TaskId): Chain | undefined {
    return this.learned.get(task);
  }

  /** Whether the point serves a task whose chain passes this test. */
  someChain(test: (chain: Chain) => boolean): boolean {
    for (const chain of this.learned.values()) if (test(chain)) return true;
    return false;
  }

  get isFull(): boolean {
    return this.holdings.size >= MOST_HELD;
  }

  has(key: RecordKey): boolean {
    return this.holdings.has(key);
  }

  /** From here on this record is told for its own sake. */
  root(key: RecordKey): void {
    this.holdings.root(key);
    this.enter(key);
  }

  /** Notes what a record that is told needs; from here on that is told too. Answers what it was not known to need. */
  note(record: AnyRecord): readonly RecordKey[] {
    const key = keyOf(record);
    const task = taskOf(record);
    if (task !== null && this.has(task)) this.holdings.add(task, [key]);
    if (record.kind === "task" && this.holdings.isRoot(key)) {
      const { human, device, agent } = record.terms;
      this.learned.set(record.id, { human, device, agent, task: record.id });
    }
    const fresh = this.holdings.add(key, needsOf(record).map(keyOf));
    for (const told of [key, ...fresh]) {
      this.holdings.add(told, []);
      this.enter(told);
    }
    return fresh;
  }

  /** Tells no more about these, and what only they needed. */
  release(keys: readonly RecordKey[]): void {
    for (const key of keys) {
      this.holdings.unroot(key);
      this.learned.delete(refOf(key).id);
    }
    for (const key of this.holdings.release(keys)) {
      this.leave(key);
      this.pending?.delete(key);
    }
  }

  /** The next renewal carries it. */
  add(record: AnyRecord): void {
    const { pending } = this;
    if (pending === null) return;
    const key = keyOf(record);
    if ((pending.get(key)?.version ?? -1) < record.version) pending.set(key, record);
    if (pending.size > MOST_PENDING) this.pending = null;
  }

  end(): void {
    for (const key of this.holdings.keys()) this.leave(key);
  }

  private enter(key: RecordKey): void {
    const told = this.index.get(key);
    if (told === undefined) this.index.set(key, new Set([this]));
    else told.add(this);
  }

  private leave(key: RecordKey): void {
    const told = this.index.get(key);
    told?.delete(this);
    if (told?.size === 0) this.index.delete(key);
  }
}

/** Who is told of a change. */
export class Interests {
  private readonly index = new Map<RecordKey, Set<Interest>>();
  /** What every point is told: the kinds that all need, and whose signatures stand under them. */
  readonly everyone: Interest = new Interest(this.index);

  make(): Interest {
    return new Interest(this.index);
  }

  /** True for a name whose change somebody may have to be told. A new approval is known only by its task, so each is looked at. */
  mayConcern({ kind, id }: RecordRef): boolean {
    return EVERYWHERE.has(kind) || kind === "approval" || this.index.has(keyOf({ kind, id }));
  }

  /** Whom a change concerns: `everyone`, or those that were told of the record, or of its task. */
  concerned(record: AnyRecord): ReadonlySet<Interest> {
    const found = this.index.get(keyOf(record));
    if (EVERYWHERE.has(record.kind) || found?.has(this.everyone) === true) return new Set([this.everyone]);
    const task = taskOf(record);
    const ofTask = task === null ? undefined : this.index.get(task);
    return new Set([...(found ?? []), ...(ofTask ?? [])]);
  }
}

function taskOf(record: AnyRecord): RecordKey | null {
  return record.kind === "approval" && record.terms.task !== null
    ? keyOf({ kind: "task", id: record.terms.task })
    : null;
}

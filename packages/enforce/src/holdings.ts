import type { RecordKey } from "./needs.ts";

/**
 * Which records are held and why: each is there for its own sake (a root) or because one that is there needs it. Names only: at a point they
 * stand beside the replica, at the control plane they are what a point was told about.
 */
export class Holdings {
  private readonly roots = new Set<RecordKey>();
  private readonly needs = new Map<RecordKey, Set<RecordKey>>();
  private readonly neededBy = new Map<RecordKey, Set<RecordKey>>();

  get size(): number {
    return this.needs.size;
  }

  has(key: RecordKey): boolean {
    return this.needs.has(key);
  }

  /** Every record that is held. */
  keys(): Iterable<RecordKey> {
    return this.needs.keys();
  }

  root(key: RecordKey): void {
    this.roots.add(key);
    this.add(key, []);
  }

  unroot(key: RecordKey): void {
    this.roots.delete(key);
  }

  isRoot(key: RecordKey): boolean {
    return this.roots.has(key);
  }

  /** Notes that a record is held and what it needs, beside what it was known to need. Answers what it was not known to need. */
  add(key: RecordKey, needed: readonly RecordKey[]): readonly RecordKey[] {
    const known = this.needs.get(key) ?? new Set();
    this.needs.set(key, known);
    const fresh = needed.filter((other) => !known.has(other));
    for (const other of fresh) {
      known.add(other);
      const by = this.neededBy.get(other);
      if (by === undefined) this.neededBy.set(other, new Set([key]));
      else by.add(key);
    }
    return fresh;
  }

  /** Of these records, and of all that they need: forgets those that no root reaches any more, and answers them. */
  release(keys: Iterable<RecordKey>): readonly RecordKey[] {
    const doubtful = this.reach(keys);
    const alive: RecordKey[] = [];
    for (const key of doubtful) if (this.roots.has(key) || this.isNeededOutside(key, doubtful)) alive.push(key);
    for (const key of alive) if (doubtful.delete(key)) alive.push(...(this.needs.get(key) ?? []));
    for (const key of doubtful) this.remove(key);
    return [...doubtful];
  }

  private reach(keys: Iterable<RecordKey>): Set<RecordKey> {
    const reached = new Set<RecordKey>(keys);
    // A set may grow while it is walked: what is added is visited too.
    for (const key of reached) for (const other of this.needs.get(key) ?? []) reached.add(other);
    return reached;
  }

  private isNeededOutside(key: RecordKey, inside: ReadonlySet<RecordKey>): boolean {
    for (const by of this.neededBy.get(key) ?? []) if (!inside.has(by)) return true;
    return false;
  }

  private remove(key: RecordKey): void {
    for (const other of this.needs.get(key) ?? []) {
      const by = this.neededBy.get(other);
      by?.delete(key);
      if (by?.size === 0) this.neededBy.delete(other);
    }
    this.needs.delete(key);
  }
}

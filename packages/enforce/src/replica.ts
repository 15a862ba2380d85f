import type { AnyRecord, Kind, StateRecord } from "@countersign/core";

/** Kinds that no decision reads: their changes leave running actions alone. */
const NOT_DECIDED_ON: ReadonlySet<Kind> = new Set<Kind>(["approval", "session", "invite", "join", "point"]);

/**
 * What this point knows, in memory. Records enter only through {@link Replica.apply}, in version order, after the point has verified
 * what must be signed.
 */
export class Replica {
  private readonly kinds = new Map<Kind, Map<string, AnyRecord>>();
  private readonly listeners = new Set<(record: AnyRecord) => void>();
  /** Number of the last commit that is applied here. */
  version = 0;
  /** Grows with each change that a decision could read: a decision made at another revision is made again. */
  revision = 0;

  get<K extends Kind>(kind: K, id: string): StateRecord<K> | undefined {
    return this.kinds.get(kind)?.get(id) as StateRecord<K> | undefined;
  }

  all<K extends Kind>(kind: K): Iterable<StateRecord<K>> {
    return (this.kinds.get(kind)?.values() ?? []) as Iterable<StateRecord<K>>;
  }

  /** Stores a record unless a newer one is here. */
  apply(record: AnyRecord): void {
    let records = this.kinds.get(record.kind);
    if (records === undefined) this.kinds.set(record.kind, (records = new Map()));
    const known = records.get(record.id);
    if (known !== undefined && known.version >= record.version) return;
    records.set(record.id, record);
    if (!NOT_DECIDED_ON.has(record.kind)) this.revision += 1;
    for (const listener of this.listeners) listener(record);
  }

  onChange(listener: (record: AnyRecord) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

import type { AnyRecord, Kind, StateRecord } from "@countersign/core";
import type { RecordRef } from "./needs.ts";

/** Kinds that no decision reads: their changes leave running actions alone. */
const NOT_DECIDED_ON: ReadonlySet<Kind> = new Set<Kind>(["approval", "session", "invite", "join", "point", "spool"]);

/**
 * What this point knows, in memory. Records enter only through {@link Replica.apply}, after the point has verified what must be signed.
 */
export class Replica {
  private readonly kinds = new Map<Kind, Map<string, AnyRecord>>();
  private readonly brakes = new Map<string, StateRecord<"brake">>();
  private readonly listeners = new Set<(record: AnyRecord) => void>();
  /** Everything of concern up to this commit is applied here, because an answer of the primary said so; later changes may be too. */
  version = 0;
  /** Grows with each change that a decision could read: a decision made at another revision is made again. */
  revision = 0;

  get<K extends Kind>(kind: K, id: string): StateRecord<K> | undefined {
    return this.kinds.get(kind)?.get(id) as StateRecord<K> | undefined;
  }

  all<K extends Kind>(kind: K): Iterable<StateRecord<K>> {
    return (this.kinds.get(kind)?.values() ?? []) as Iterable<StateRecord<K>>;
  }

  /** Stops that were not lifted. */
  brakesInForce(): Iterable<StateRecord<"brake">> {
    return this.brakes.values();
  }

  /** How many records are here. */
  get size(): number {
    let size = 0;
    for (const records of this.kinds.values()) size += records.size;
    return size;
  }

  /** Stores a record unless a newer one is here. */
  apply(record: AnyRecord): void {
    let records = this.kinds.get(record.kind);
    if (records === undefined) this.kinds.set(record.kind, (records = new Map()));
    const known = records.get(record.id);
    if (known !== undefined && known.version >= record.version) return;
    records.set(record.id, record);
    if (record.kind === "brake") this.noteBrake(record);
    if (!NOT_DECIDED_ON.has(record.kind)) this.revision += 1;
    for (const listener of this.listeners) listener(record);
  }

  /** Forgets a record that nothing here needs any more. Decisions that read it are made again. */
  drop({ kind, id }: RecordRef): void {
    if (this.kinds.get(kind)?.delete(id) !== true) return;
    this.brakes.delete(id);
    if (!NOT_DECIDED_ON.has(kind)) this.revision += 1;
  }

  onChange(listener: (record: AnyRecord) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private noteBrake(brake: StateRecord<"brake">): void {
    if (brake.state.status === "active") this.brakes.set(brake.id, brake);
    else this.brakes.delete(brake.id);
  }
}

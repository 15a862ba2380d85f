import { type AnyRecord, AppError, type Kind, type StateRecord } from "@countersign/core";
import { EVERYWHERE } from "@countersign/enforce";
import type { ChangedRecord, Head, RecordName, Store } from "../store/index.ts";
import type { Points } from "./points.ts";

/** Names of changed records that are asked for at first. */
const NAMES = 5000;
/** Kinds that concern points, and those of the points themselves. */
const TOLD: readonly Kind[] = [
  ...EVERYWHERE,
  "point",
  "approval",
  "task",
  "mandate",
  "agent",
  "device",
  "posture",
  "human",
  "passkey",
];

/**
 * What the primary knows now. All renewals that wait share one look: it begins after the last of them arrived, and when it is over everything
 * that concerns a point, up to its version, lies ready for it.
 */
export class Barrier {
  private readonly store: Store;
  private readonly points: Points;
  /** Is told of each point whose record changed, in the order of the changes. */
  private readonly moved: (record: StateRecord<"point">) => void;
  /** Everything up to this version was looked at. */
  private seen = 0;
  private under: Promise<Head> | null = null;
  private next: Promise<Head> | null = null;

  constructor(store: Store, points: Points, moved: (record: StateRecord<"point">) => void) {
    this.store = store;
    this.points = points;
    this.moved = moved;
  }

  /** Changes from here on are noted: before anybody is told anything. */
  async begin(): Promise<void> {
    this.seen = (await this.store.head()).version;
  }

  /** (generation, version) of the primary, read after this call. */
  async now(): Promise<Head> {
    // One that is under way may have read its version already: whoever comes later waits for the next.
    this.next ??= this.after(this.under);
    return await this.next;
  }

  private async after(under: Promise<Head> | null): Promise<Head> {
    await under?.catch(() => undefined);
    const look = this.look();
    this.under = look;
    this.next = null;
    try {
      return await look;
    } finally {
      if (this.under === look) this.under = null;
    }
  }

  private async look(): Promise<Head> {
    const head = await this.store.head();
    if (head.version <= this.seen) return head;
    const newest = await this.note(await this.read(await this.changedNames()));
    const version = newest > head.version ? await this.readLater(head.version) : head.version;
    this.seen = version;
    return { generation: head.generation, version };
  }

  /** Of these changes those that concern anybody: one question. */
  private async read(names: readonly ChangedRecord[]): Promise<readonly AnyRecord[]> {
    return await this.store.records(names.filter((name) => this.concerns(name)));
  }

  /**
   * INV-1: something that was read has changed since `version`, and perhaps before it too. How it was then cannot be read any more, so that the
   * answer is of a later state: of the very one from which all is read that changed since. Answers its version.
   */
  private async readLater(version: number): Promise<number> {
    const later = await this.store.changes(version, TOLD);
    if (later.version < version)
      throw new AppError("ledger.unavailable", { detail: "the database knows less than it did a moment ago" });
    await this.note(later.records.filter((record) => this.concerns(record)));
    return later.version;
  }

  private concerns(name: RecordName): boolean {
    return name.kind === "point" || this.points.interests.mayConcern(name);
  }

  /** For those whom they concern. Answers the newest version among them. */
  private async note(records: readonly AnyRecord[]): Promise<number> {
    for (const record of records) if (record.kind === "point") this.moved(record);
    await this.points.note(records.filter(({ kind }) => kind !== "point"));
    return Math.max(0, ...records.map((record) => record.version));
  }

  /** One commit may change many records, and all of them have its version: a list that was cut off could end amid one. */
  private async changedNames(): Promise<readonly ChangedRecord[]> {
    for (let limit = NAMES; ; limit *= 4) {
      const names = await this.store.changed(this.seen, limit);
      if (names.length < limit) return names;
    }
  }
}

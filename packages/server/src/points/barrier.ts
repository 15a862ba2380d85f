import type { AnyRecord, StateRecord } from "@countersign/core";
import type { ChangedRecord, Head, Store } from "../store/index.ts";
import type { Points } from "./points.ts";

/** Names of changed records that are asked for at first. */
const NAMES = 5000;
/** Times that it is looked again because what was read may be newer than the version that was read before it. */
const ROUNDS = 3;

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
    for (let round = 1; ; round += 1) {
      const head = await this.store.head();
      const newest = head.version > this.seen ? await this.catchUp(head.version) : 0;
      if (newest <= head.version || round >= ROUNDS) return head;
    }
  }

  /** Notes everything that changed, up to this version at least; answers the newest version that was read. */
  private async catchUp(version: number): Promise<number> {
    const names = await this.changedNames();
    const concerned = names.filter((name) => name.kind === "point" || this.points.interests.mayConcern(name));
    const records = await Promise.all(
      concerned.map(async (name) => (await this.store.get(name.kind, name.id)) as AnyRecord | null),
    );
    const found = records.filter((record) => record !== null);
    for (const record of found) if (record.kind === "point") this.moved(record);
    await this.points.note(found.filter(({ kind }) => kind !== "point"));
    this.seen = version;
    return Math.max(0, ...found.map((record) => record.version));
  }

  /** One commit may change many records, and all of them have its version: a list that was cut off could end amid one. */
  private async changedNames(): Promise<readonly ChangedRecord[]> {
    for (let limit = NAMES; ; limit *= 4) {
      const names = await this.store.changed(this.seen, limit);
      if (names.length < limit) return names;
    }
  }
}

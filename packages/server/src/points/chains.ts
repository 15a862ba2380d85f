import { type AnyRecord, AppError } from "@countersign/core";
import { EVERYWHERE, type RecordKey, keyOf, needsOf, proofOf, refOf, signersOf } from "@countersign/enforce";
import type { Store } from "../store/index.ts";
import type { Interest } from "./interest.ts";

/** Records that one answer gathers; who needs more asks in parts. */
const MOST_RECORDS = 200_000;
/** Approvals of one task that are told, the newest. */
const MOST_APPROVALS = 500;

type Known = ReadonlyMap<RecordKey, AnyRecord>;
const NOTHING: Known = new Map();

/** Reads what a point must be told: each record by its name, never a whole directory. */
export class Chains {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /**
   * These records and all that they need. INV-1: each is entered into the interest before it is read, so that a change after the reading is
   * told. `given` holds records that are known to be as new as the reading would find.
   */
  async read(interest: Interest, keys: Iterable<RecordKey>, given: Known = NOTHING): Promise<readonly AnyRecord[]> {
    return await this.gather(keys, given, (record) => {
      interest.note(record);
      return needsOf(record).map(keyOf);
    });
  }

  /** What must be seen once to believe these records, and is not told about further. */
  async proofs(records: readonly AnyRecord[]): Promise<readonly AnyRecord[]> {
    const first = records.flatMap(proofOf).map(keyOf);
    return first.length === 0 ? [] : await this.gather(first, NOTHING, (record) => signersOf(record).map(keyOf));
  }

  /** What every point needs, as it is now. */
  async common(interest: Interest): Promise<readonly AnyRecord[]> {
    const { store } = this;
    const found = await Promise.all([
      store.find("root"),
      store.find("settings"),
      store.find("upstream"),
      store.find("policy", { status: "active" }),
      store.find("brake", { status: "active" }),
    ]);
    const records = found.flat() as AnyRecord[];
    // Stops need nothing, and their changes are told to everybody by their kind.
    for (const record of records) if (record.kind !== "brake") interest.root(keyOf(record));
    return await this.read(interest, records.map(keyOf), byKey(records));
  }

  /** What of that changed since: also what is no more in force, such as a stop that was lifted. */
  async commonSince(version: number): Promise<readonly AnyRecord[]> {
    const { records } = await this.store.changes(version, [...EVERYWHERE]);
    return [...(await this.proofs(records)), ...records];
  }

  private async gather(
    keys: Iterable<RecordKey>,
    given: Known,
    needs: (record: AnyRecord) => readonly RecordKey[],
  ): Promise<readonly AnyRecord[]> {
    const found = new Map<RecordKey, AnyRecord | null>();
    for (let next = [...new Set(keys)]; next.length > 0;) {
      if (found.size + next.length > MOST_RECORDS) throw new AppError("request.too_many", { detail: "too many tasks" });
      const batch = await this.named(next, given);
      for (const key of next) found.set(key, null);
      for (const record of batch) found.set(keyOf(record), record);
      const more = new Set<RecordKey>();
      for (const record of batch) for (const key of needs(record)) more.add(key);
      for (const record of await this.approvals(batch)) {
        found.set(keyOf(record), record);
        for (const key of needs(record)) more.add(key);
      }
      next = [...more].filter((key) => !found.has(key));
    }
    return [...found.values()].filter((record) => record !== null);
  }

  private async named(keys: readonly RecordKey[], given: Known): Promise<readonly AnyRecord[]> {
    const unknown = keys.filter((key) => !given.has(key)).map(refOf);
    const read = unknown.length === 0 ? [] : await this.store.records(unknown);
    return [...read, ...keys.flatMap((key) => given.get(key) ?? [])];
  }

  private async approvals(batch: readonly AnyRecord[]): Promise<readonly AnyRecord[]> {
    const tasks = batch.filter((record) => record.kind === "task");
    const found = await Promise.all(
      tasks.map(async ({ id }) => await this.store.find("approval", { task: id, limit: MOST_APPROVALS })),
    );
    return found.flat();
  }
}

export function byKey(records: readonly AnyRecord[]): Known {
  return new Map(records.map((record) => [keyOf(record), record]));
}

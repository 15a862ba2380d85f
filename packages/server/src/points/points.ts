import type { AnyRecord, PointId, StateRecord, TaskId } from "@countersign/core";
import { type Acknowledgement, type RecordKey, type Snapshot, keyOf } from "@countersign/enforce";
import type { Store } from "../store/index.ts";
import { Chains, byKey } from "./chains.ts";
import { type Interest, Interests } from "./interest.ts";

export interface ConnectedLease {
  valid(): boolean;
  /** How long ago the last renewal was sent that was answered, in ms; null: none was. */
  silentMs(): number | null;
}

/** A connection to an enforcement point. */
export interface ConnectedPoint {
  readonly id: PointId;
  readonly name: string;
  readonly lease: ConnectedLease;
  push(change: Snapshot): Promise<Acknowledgement>;
}

/**
 * An acknowledgement, and over the link of which join of its point it came. Another process may have joined since, or the same one elsewhere:
 * then it says nothing about who may act (docs/protocol/stop).
 */
export interface Answer extends Acknowledgement {
  readonly joins: number;
}
export interface Pushed {
  readonly point: ConnectedPoint;
  readonly answer: Promise<Answer>;
}
export interface Untold {
  readonly point: ConnectedPoint;
  readonly joins: number;
}

/** Who may hold a lease, as this server has seen it itself: whoever can write the database does not change that. */
export interface SeenLeases {
  present(): readonly StateRecord<"point">[];
  mayHold(point: PointId): boolean;
}

interface Connection {
  readonly point: ConnectedPoint;
  /** How often the point had joined when it did here; 0 until it did. */
  joins: number;
  /** What it was told; null until it joins. */
  interest: Interest | null;
}

/** The enforcement points that are connected to this server, and what each of them is told. */
export class Points {
  readonly chains: Chains;
  readonly interests: Interests = new Interests();
  seen: SeenLeases = { present: () => [], mayHold: () => false };
  private readonly connected = new Map<PointId, Connection>();

  constructor(store: Store) {
    this.chains = new Chains(store);
  }

  connect(point: ConnectedPoint): void {
    this.disconnect(point.id);
    this.connected.set(point.id, { point, joins: 0, interest: null });
  }

  /** Ends what a point is told; when `point` is given, only if it is still that connection. Answers whether it was. */
  disconnect(id: PointId, point?: ConnectedPoint): boolean {
    const connection = this.connected.get(id);
    if (connection === undefined || (point !== undefined && connection.point !== point)) return false;
    connection.interest?.end();
    return this.connected.delete(id);
  }

  all(): readonly ConnectedPoint[] {
    return [...this.connected.values()].map(({ point }) => point);
  }

  /** From here on the point is told about these tasks, and about what all points must know. Null: it is not connected. */
  begin(id: PointId, tasks: readonly TaskId[]): Interest | null {
    const connection = this.connected.get(id);
    if (connection === undefined) return null;
    connection.interest?.end();
    connection.interest = this.interests.make();
    for (const task of tasks) connection.interest.root(taskKey(task));
    return connection.interest;
  }

  /** The record of the point says now that it works over this connection, by its latest join. */
  joined(id: PointId, joins: number): void {
    const connection = this.connected.get(id);
    if (connection !== undefined) connection.joins = joins;
  }

  /** Tells one point that is connected here. */
  tell(point: ConnectedPoint, change: Snapshot): Pushed {
    const connection = this.connected.get(point.id);
    const answer = point.push(change);
    return { point, answer: answerOf(connection?.point === point ? connection : { joins: 0 }, answer) };
  }

  /** What a point is told here; null when it did not join here. */
  interestOf(id: PointId): Interest | null {
    return this.connected.get(id)?.interest ?? null;
  }

  /**
   * Tells a change to all whom it concerns, at once. Points that are told the same get the same object. Who lacks what proves it is told that
   * in the same breath.
   */
  publish(change: Snapshot): readonly Pushed[] {
    const parts = this.sort(change.records);
    const shared = new Map<string, Snapshot>();
    const pushed: Pushed[] = [];
    // A stop, and what all are told, is whole whatever a point holds.
    const reachesAll = parts.common.length === change.records.length || change.records.some(isStop);
    for (const connection of this.connected.values()) {
      const { point, interest } = connection;
      if (interest === null) continue;
      const own = parts.own.get(interest) ?? [];
      if (parts.common.length + own.length === 0) continue;
      const key = own.join();
      const told = shared.get(key) ?? { ...change, records: [...parts.common, ...own].map((i) => at(change, i)) };
      shared.set(key, told);
      const lacking = parts.lacking.get(interest);
      const proofs = parts.proofs === null ? [] : [parts.proofs];
      if (lacking !== undefined) proofs.push(this.chains.read(interest, lacking, byKey(change.records)));
      const answer = proofs.length === 0 ? point.push(told) : this.withProofs(point, told, proofs);
      pushed.push({ point, answer: answerOf(interest.gathering && !reachesAll ? NOBODY : connection, answer) });
    }
    return pushed;
  }

  /** Those who joined here and whom a change that was told just now does not concern: they hold nothing of it. To be asked in the same tick. */
  untold(pushed: readonly Pushed[]): readonly Untold[] {
    const told = new Set(pushed.map(({ point }) => point));
    return [...this.connected.values()].flatMap(({ point, interest, joins }) =>
      interest === null || interest.gathering || told.has(point) ? [] : [{ point, joins }],
    );
  }

  /** Puts changes into what the next renewals carry. */
  async note(records: readonly AnyRecord[]): Promise<void> {
    const parts = this.sort(records);
    const proofs = (await parts.proofs) ?? [];
    for (const { interest } of this.connected.values()) {
      if (interest === null) continue;
      const lacking = parts.lacking.get(interest) ?? [];
      const more = lacking.length === 0 ? [] : await this.chains.read(interest, lacking);
      const own = [...parts.common, ...(parts.own.get(interest) ?? [])].flatMap((i) => records[i] ?? []);
      for (const record of [...proofs, ...more, ...own]) interest.add(record);
    }
  }

  private async withProofs(
    point: ConnectedPoint,
    told: Snapshot,
    proofs: readonly Promise<readonly AnyRecord[]>[],
  ): Promise<Acknowledgement> {
    const known = new Set(told.records.map(keyOf));
    const more = (await Promise.all(proofs)).flat().filter((record) => !known.has(keyOf(record)));
    const version = Math.max(told.version, ...more.map((record) => record.version));
    return await point.push({ ...told, version, records: [...more, ...told.records] });
  }

  /** Whom each of these records concerns, by its place among them. */
  private sort(records: readonly AnyRecord[]): Sorted {
    const { everyone } = this.interests;
    const [common, own, lacking] = [[] as number[], new Map<Interest, number[]>(), new Map<Interest, RecordKey[]>()];
    for (const [i, record] of records.entries()) {
      for (const interest of this.interests.concerned(record)) {
        if (interest === everyone) common.push(i);
        else push(own, interest, i);
        // Stops need nothing, and are told by their kind.
        for (const key of record.kind === "brake" ? [] : interest.note(record)) push(lacking, interest, key);
      }
    }
    const changed = common.flatMap((i) => records[i] ?? []);
    const proofs = this.proofs(changed, lacking.get(everyone) ?? [], byKey(records));
    // Whoever awaits it hears of a failure; where nobody is connected nobody does.
    proofs?.catch(() => undefined);
    return { common, own, lacking, proofs };
  }

  /** What proves changes that all are told; null when nothing must be read. */
  private proofs(
    changed: readonly AnyRecord[],
    lacking: readonly RecordKey[],
    given: ReturnType<typeof byKey>,
  ): Sorted["proofs"] {
    const thawed = changed.some(({ kind, state }) => kind === "brake" && state.status === "thawed");
    if (!thawed && lacking.length === 0) return null;
    return Promise.all([this.chains.proofs(changed), this.chains.read(this.interests.everyone, lacking, given)]).then(
      (found) => found.flat(),
    );
  }
}

interface Sorted {
  /** Told to all. */
  readonly common: readonly number[];
  readonly own: ReadonlyMap<Interest, readonly number[]>;
  /** What the records need that the point was not told. */
  readonly lacking: ReadonlyMap<Interest, readonly RecordKey[]>;
  readonly proofs: Promise<readonly AnyRecord[]> | null;
}

/** Of no join: it confirms nothing. */
const NOBODY = { joins: -1 };

const isStop = ({ kind, state }: AnyRecord): boolean => kind === "brake" && state.status === "active";

async function answerOf(link: Pick<Connection, "joins">, answer: Promise<Acknowledgement>): Promise<Answer> {
  const acknowledgement = await answer;
  return { ...acknowledgement, joins: link.joins };
}

export const taskKey = (id: TaskId): RecordKey => keyOf({ kind: "task", id });

function at({ records }: Snapshot, index: number): AnyRecord {
  const record = records[index];
  if (record === undefined) throw new RangeError("no such record");
  return record;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

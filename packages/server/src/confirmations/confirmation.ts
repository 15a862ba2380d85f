import type { StopPoint } from "@countersign/api";
import type { AnyRecord, IntentId, PointId, StateRecord } from "@countersign/core";
import type { Disposition, Snapshot } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import { leaseMs } from "../lease-time.ts";
import type { ConnectedPoint, Pushed } from "../points/index.ts";
import { type Word, keyOf, topicOf, unsealed } from "./acknowledgement.ts";
import { type Told, postAcknowledgements } from "./post.ts";

/** How a point that may have held a lease when something was committed confirmed it. */
export interface ConfirmedPoint {
  readonly id: PointId;
  readonly name: string;
  readonly how: "acknowledged" | "lease_expired";
  /** RFC 3339 */
  readonly at: string;
  readonly inFlight: readonly { readonly intent: IntentId; readonly disposition: Disposition }[];
}

/** What has to be confirmed: a commit. */
export interface Awaited {
  readonly version: number;
  readonly generation: number;
  /** Unix milliseconds; not before the commit. */
  readonly since: number;
  /** What was changed. Stops among it are told again to a point of this server that was not told, or whose link broke. */
  readonly records: readonly AnyRecord[];
  /** What was told to the points that are connected here; null: the commit is of another server, or of one that ended. */
  readonly told: Told | null;
  /** Called as each point confirms. */
  readonly onConfirmed?: (point: ConfirmedPoint) => void;
}

type Waited = StopPoint & { readonly id: PointId };

/** How often the board is read while points of other servers are waited for: a post is told, but the telling may be lost. */
const LOOK_MS = 100;
/** How often it is asked anew which points may hold a lease. */
const LIST_MS = 500;
/** A stop that takes longer is told to other servers as far as it is: whoever asks them sees the same. */
const SHARE_MS = 200;

/**
 * INV-3: waits until every point that may have held a lease at a version has confirmed it: by its answer here, by its answer at another
 * server (the board), because it holds no lease any more, or because lease and margin have passed since the commit. Nothing is said of a
 * point before that.
 */
export class Confirmation {
  /** Resolves when all have confirmed. Rejects only when the store cannot be asked at all while the leases run out. */
  readonly all: Promise<readonly ConfirmedPoint[]>;
  private readonly kernel: Kernel;
  private readonly awaited: Awaited;
  private readonly points = new Map<PointId, Waited>();
  /** Points that were among those that may hold a lease: one that is not any more has lost it. */
  private readonly recorded = new Set<PointId>();
  private readonly told = new Map<PointId, ConnectedPoint>();
  /** How often a point had joined, as its record said after the commit. */
  private readonly joins = new Map<PointId, number>();
  /** What was said of a point, by how often it had joined: it counts when its record says the same. */
  private readonly words = new Map<string, { readonly word: Word; readonly ageMs: number }>();
  /** Told once more, it claims nothing about what else this point was told: only renewals do. */
  private readonly again: Snapshot | null;
  private readonly done = Promise.withResolvers<undefined>();
  private waiting = 0;
  private listed = false;
  private lease: number | null = null;

  constructor(kernel: Kernel, awaited: Awaited) {
    this.kernel = kernel;
    this.awaited = awaited;
    const stops = awaited.records.filter(({ kind }) => kind === "brake");
    const again = { generation: kernel.store.generation, version: awaited.version, records: stops };
    this.again = stops.length === 0 ? null : again;
    for (const pushed of awaited.told?.pushed ?? []) {
      this.expect(pushed.point);
      this.hear(pushed);
    }
    const { version, generation } = awaited;
    for (const { point, joins } of awaited.told?.untold ?? []) {
      this.expect(point);
      this.take({ point: point.id, joins, version, generation, inFlight: [] }, 0);
    }
    this.all = this.run();
    this.all.catch(() => undefined);
  }

  /** Each point by name, as far as it is. */
  shown(): readonly StopPoint[] {
    return [...this.points.values()];
  }

  /** Lease and margin; no end while the settings are not known. */
  leaseMs(): number {
    return this.lease ?? Number.POSITIVE_INFINITY;
  }

  /** When the last lease that may have run at the commit is over, RFC 3339; null while that is not known yet. */
  leasesEndAt(): string | null {
    return this.lease === null ? null : new Date(this.awaited.since + this.lease).toISOString();
  }

  private async run(): Promise<readonly ConfirmedPoint[]> {
    const began = performance.now();
    const unsubscribe = this.kernel.store.board.onPost((topic) => void this.look(topic));
    const timers = [
      setInterval(() => void this.look(), LOOK_MS),
      setInterval(() => void this.list(), LIST_MS),
      setTimeout(() => this.share(this.awaited.told), SHARE_MS),
    ];
    try {
      const [lease] = await Promise.all([leaseMs(this.kernel), this.list()]);
      this.lease = lease;
      await this.look();
      const silentMs = Math.max(0, this.lease - (performance.now() - began));
      timers.push(setTimeout(() => this.done.resolve(undefined), silentMs));
      await this.done.promise;
      // Who may have held a lease has to be known before it can be said that all of them have lost it.
      if (!this.listed) await this.readPoints();
    } finally {
      for (const timer of timers) clearTimeout(timer);
      unsubscribe();
    }
    for (const point of this.points.values()) if (point.how === null) this.confirm(point, "lease_expired");
    return [...this.points.values()] as readonly ConfirmedPoint[];
  }

  /** Finds out who may hold a lease, and tells those of this server that were not told. Asked again later when it fails. */
  private async list(): Promise<void> {
    try {
      await this.readPoints();
      for (const point of this.kernel.points.all())
        if (this.points.get(point.id)?.how === null && this.told.get(point.id) !== point) this.tell(point);
      this.endIfAll();
    } catch (error) {
      this.kernel.log.warn({ err: error }, "points that may hold a lease are not known yet");
    }
  }

  private async readPoints(): Promise<void> {
    const { store, points } = this.kernel;
    const found = (
      await Promise.all([store.find("point", { status: "active" }), store.find("point", { status: "leaving" })])
    ).flat();
    const now = new Set(found.map(({ id }) => id));
    const { seen } = points;
    if (!this.listed) await this.begin([...seen.present(), ...found]);
    this.listed = true;
    for (const id of this.recorded) {
      const point = this.points.get(id);
      if (point?.how === null && !now.has(id) && !seen.mayHold(id)) this.confirm(point, "lease_expired");
    }
    for (const { id, state } of found) this.joins.set(id, state.joins ?? 0);
    for (const id of this.points.keys()) this.weigh(id);
  }

  /** Later ones joined after the commit: they were told of it before they got a lease. */
  private async begin(found: readonly StateRecord<"point">[]): Promise<void> {
    for (const { id, terms, state } of found) {
      this.expect({ id, name: terms.name });
      this.recorded.add(id);
      this.joins.set(id, state.joins ?? 0);
    }
    if (this.awaited.told === null) await this.readLost();
  }

  /** Who lost its lease between the commit and now, long after it. */
  private async readLost(): Promise<void> {
    const { store } = this.kernel;
    const gone = await Promise.all([
      store.find("point", { status: "away" }),
      store.find("point", { status: "removed" }),
    ]);
    for (const { id, terms, version } of gone.flat()) {
      if (version <= this.awaited.version) continue;
      this.expect({ id, name: terms.name });
      this.recorded.add(id);
    }
  }

  private expect({ id, name }: Pick<Waited, "id" | "name">): void {
    if (this.points.has(id)) return;
    this.points.set(id, { id, name, how: null, at: null, inFlight: [] });
    this.waiting += 1;
  }

  private tell(point: ConnectedPoint): void {
    if (this.again === null) return;
    const pushed = this.kernel.points.tell(point, this.again);
    this.hear(pushed);
    this.share({ pushed: [pushed], untold: [] });
  }

  private share(told: Told | null): void {
    if (told !== null) postAcknowledgements(this.kernel, this.awaited.records, told).catch(() => undefined);
  }

  private hear({ point, answer }: Pushed): void {
    this.told.set(point.id, point);
    answer.then(
      (word) => {
        // What is not about this change is no answer: it is told again.
        if (!this.take(word, 0) && this.told.get(point.id) === point) this.told.delete(point.id);
      },
      // What is silent, or answers with an error, is waited for until its lease is over; over another link it is told again.
      () => undefined,
    );
  }

  private async look(posted?: string): Promise<void> {
    const topic = topicOf(this.awaited.version);
    if (this.waiting === 0 || (posted !== undefined && posted !== topic)) return;
    try {
      for (const item of await this.kernel.store.board.read(topic)) {
        const word = unsealed(this.kernel, topic, item);
        if (word !== null) this.take(word, item.ageMs);
      }
    } catch (error) {
      this.kernel.log.warn({ err: error }, "acknowledgements of other servers not read; asking again");
    }
  }

  private take(word: Word, ageMs: number): boolean {
    const { point: id, version, generation } = word;
    if (version < this.awaited.version || generation < this.awaited.generation) return false;
    this.words.set(keyOf(word), { word, ageMs });
    this.weigh(id);
    return true;
  }

  /** INV-3: only the link by which a point joined last speaks for whoever may act as it. One that holds no lease only tells what it did. */
  private weigh(id: PointId): void {
    const point = this.points.get(id);
    if (point?.how !== null || !this.listed) return;
    const joins = this.joins.get(id);
    const said =
      joins === undefined
        ? [...this.words.values()].find(({ word }) => word.point === id)
        : this.words.get(keyOf({ point: id, joins }));
    if (said !== undefined) this.confirm({ ...point, inFlight: said.word.inFlight }, "acknowledged", said.ageMs);
  }

  private confirm(point: Waited, how: ConfirmedPoint["how"], ageMs = 0): void {
    const at = new Date(this.kernel.now() - ageMs).toISOString();
    const confirmed = { ...point, how, at } as ConfirmedPoint;
    this.points.set(point.id, confirmed);
    this.waiting -= 1;
    this.awaited.onConfirmed?.(confirmed);
    this.endIfAll();
  }

  private endIfAll(): void {
    if (this.listed && this.waiting === 0) this.done.resolve(undefined);
  }
}

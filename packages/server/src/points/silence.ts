import type { Json, PointId, StateRecord } from "@countersign/core";
import type { Board } from "../store/index.ts";

type PointRecord = StateRecord<"point">;

/** Renewals that servers tell each other. */
const TOPIC = "renewed";
/** How often, at most, a server tells which points it renews, in ms. */
const TELL_MS = 1000;
const NEVER = Number.NEGATIVE_INFINITY;

/** A renewal that was answered. */
interface Renewed {
  /** Monotonic. */
  readonly at: number;
  /** What the point said of itself. */
  readonly asked: Json;
}

/**
 * How long points were silent, by the monotonic clock of this process, and counted from when it first saw what it waits for. Nothing that
 * loosens rests on it: a point that is taken for gone too soon still has the time of its lease.
 */
export class Silence {
  private readonly board: Board;
  private readonly monotonicMs: () => number;
  /** When this process first saw a record at its version. */
  private readonly seen = new Map<PointId, { readonly version: number; readonly at: number }>();
  /** Last renewals that were answered here. */
  private readonly renewals = new Map<PointId, Renewed>();
  /** Those that other servers told of. */
  private elsewhere = new Map<string, Renewed>();
  private toldAt = NEVER;
  private readAt = NEVER;

  constructor(board: Board, monotonicMs: () => number) {
    this.board = board;
    this.monotonicMs = monotonicMs;
  }

  noted({ id, version, state }: PointRecord): void {
    this.seen.set(id, { version, at: this.monotonicMs() });
    if (state.status !== "active") this.renewals.delete(id);
  }

  renewed(id: PointId, asked: Json): void {
    this.renewals.set(id, { at: this.monotonicMs(), asked });
  }

  /** How long ago it was heard last, as far as this process knows, in ms. */
  silentFor(record: PointRecord): number {
    return this.monotonicMs() - Math.max(this.heardAt(record), this.elsewhere.get(record.id)?.at ?? NEVER);
  }

  /** The last renewal of each point that this server or, within the time that it tells, another one has answered: what was asked with it. */
  async lastAsked(): Promise<ReadonlyMap<string, Json>> {
    await this.read(this.monotonicMs());
    const all = [...this.elsewhere, ...this.renewals].sort(([, a], [, b]) => a.at - b.at);
    return new Map(all.map(([id, { asked }]) => [id, asked]));
  }

  /** How long this process has seen it leaving, in ms. */
  leftFor({ id, version }: PointRecord): number {
    const seen = this.seen.get(id);
    return seen?.version === version ? this.monotonicMs() - seen.at : 0;
  }

  /** Whether anybody answered a renewal of it within that time, or may have before this process looked. */
  async renews(record: PointRecord, withinMs: number): Promise<boolean> {
    const now = this.monotonicMs();
    if (now - this.heardAt(record) < withinMs) return true;
    if (now - this.readAt >= TELL_MS) await this.read(now);
    return now - (this.elsewhere.get(record.id)?.at ?? NEVER) < withinMs;
  }

  /** Tells other servers whom this one renews: all at once, at most once a second. */
  async tell(ttlMs: number): Promise<void> {
    const now = this.monotonicMs();
    if (now - this.toldAt < TELL_MS) return;
    const items = [...this.renewals].flatMap(([key, { at, asked }]) =>
      at > this.toldAt ? [{ key, value: asked }] : [],
    );
    this.toldAt = now;
    if (items.length > 0) await this.board.post(TOPIC, items, ttlMs);
  }

  private async read(now: number): Promise<void> {
    this.readAt = now;
    const posted = await this.board.read(TOPIC);
    this.elsewhere = new Map(posted.map(({ key, ageMs, value }) => [key, { at: now - ageMs, asked: value }]));
  }

  /** When it was heard here, or this process first saw its record as it is. */
  private heardAt(record: PointRecord): number {
    return Math.max(this.renewals.get(record.id)?.at ?? NEVER, this.monotonicMs() - this.leftFor(record));
  }
}

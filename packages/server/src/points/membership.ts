import { createHash } from "node:crypto";
import { AppError, isJsonObject, type PointId, type StateRecord, newId } from "@countersign/core";
import type { Hello, RenewalRequest } from "@countersign/enforce";
import { type Kernel, serverEntry } from "../kernel.ts";
import { leaseMs } from "../lease-time.ts";
import { type Head, type Put, withState } from "../store/index.ts";
import { Silence } from "./silence.ts";

export type PointRecord = StateRecord<"point">;

/** What a point said of itself with its last renewal. */
export interface Asked {
  /** By how much its wall clock is ahead of the server's, in ms. */
  readonly skewMs: number;
  /** Up to which version it has applied changes, and up to which it had been told when it asked. */
  readonly applied: number;
  readonly told: number;
  /** Of the answer before. */
  readonly generation: number;
}

/** Most that the wall clocks of a point and of the control plane may differ, in ms. */
export const MOST_SKEW_MS = 60_000;
const MOST_TRIES = 20;

/**
 * Who may hold a lease (ADR 0007): a record per point, whose every change is a commit that expects what was read before it, so that of two who
 * change it at once one looks again.
 */
export class Membership {
  readonly silence: Silence;
  private readonly kernel: Kernel;
  private readonly records = new Map<PointId, PointRecord>();
  /** When this server saw the record of a point say that it holds no lease any more, though it did not see why: monotonic. */
  private readonly doubted = new Map<PointId, number>();
  private readonly monotonicMs: () => number;
  /** Lease and margin, as last seen. */
  private leaseMs = Number.POSITIVE_INFINITY;
  /** What was answered last, by point. */
  private readonly answered = new Map<PointId, Head>();
  /** Clocks of points that were refused for them, in ms ahead of this server's. */
  private readonly refusedClocks = new Map<PointId, number>();

  constructor(kernel: Kernel, monotonicMs: () => number) {
    this.kernel = kernel;
    this.monotonicMs = monotonicMs;
    this.silence = new Silence(kernel.store.board, monotonicMs);
  }

  async begin(): Promise<void> {
    for (const record of await this.kernel.store.find("point")) this.noted(record);
  }

  /** A record as the primary has it. `isOwn`: this server has changed it, for what it saw itself. */
  noted(record: PointRecord, isOwn = false): void {
    const known = this.records.get(record.id);
    if ((known?.version ?? -1) >= record.version) return;
    this.records.set(record.id, record);
    this.silence.noted(record);
    if (isOwn || mayHold(record)) this.doubted.delete(record.id);
    else if (known !== undefined && mayHold(known)) this.doubted.set(record.id, this.monotonicMs());
  }

  /**
   * Points that may hold a lease, as far as this server knows it by itself. INV-3: that a record says of a point that it holds none is the word
   * of another server, or of whoever can write the database; a stop waits all the same, until no lease can run that was seen here.
   */
  present(): readonly PointRecord[] {
    return this.all().filter(({ id }) => this.mayHold(id));
  }

  mayHold(point: PointId): boolean {
    const record = this.records.get(point);
    if (record === undefined || mayHold(record)) return record !== undefined;
    const since = this.doubted.get(point);
    return since !== undefined && this.monotonicMs() - since < this.leaseMs;
  }

  /** Whether it is part of a server of this installation. */
  isOwn(point: PointId): boolean {
    return this.records.get(point)?.terms.place === "own";
  }

  /** Every point, as last seen. */
  all(): readonly PointRecord[] {
    return [...this.records.values()];
  }

  /** What points said of themselves last, those of other servers too; of one whose clock was refused only that. */
  async lastAsked(): Promise<ReadonlyMap<string, Partial<Asked>>> {
    const all = new Map<string, Partial<Asked>>();
    // The board holds what servers of this installation said; what is no such thing says nothing.
    for (const [id, asked] of await this.silence.lastAsked()) if (isJsonObject(asked)) all.set(id, asked);
    for (const [id, skewMs] of this.refusedClocks) all.set(id, { skewMs });
    return all;
  }

  /** Notes what a renewal is answered with. */
  answers(point: PointId, head: Head): void {
    this.answered.set(point, head);
  }

  /**
   * The record of a point of this very process; a new one keeps the id that its entries had before there were records. Its name is that of a
   * data directory which is locked by this process: whoever held its lease before is dead.
   */
  async own(name: string, formerId: PointId | null): Promise<PointId> {
    const { store, now, random } = this.kernel;
    const known = (await store.find("point", { key: name })).find(({ terms }) => terms.place === "own");
    if (known !== undefined) {
      this.noted(known);
      if (mayHold(known)) await this.away(known, "left");
      return known.id;
    }
    const put: Put & { kind: "point" } = {
      kind: "point",
      id: formerId ?? newId("ep", now(), random),
      terms: { name, place: "own", jkt: null, joinedAt: new Date(now()).toISOString() },
      state: { status: "away", instance: null, url: null },
      authority: null,
    };
    await this.commit(put, 0, "point.register");
    return put.id;
  }

  /**
   * The point works as this process from here on.
   * @throws AppError `point.unknown`, `point.clock`, `point.in_use`
   */
  async join(hello: Omit<Hello, "tasks">): Promise<PointRecord> {
    this.assertClock(hello);
    const instance = digestOf(hello.instance);
    return await this.settled(hello.point, async (record) => {
      if (record === null || isRemoved(record)) throw new AppError("point.unknown");
      if (record.state.status !== "away" && record.state.instance !== instance) return await this.contended(record);
      const joins = (record.state.joins ?? 0) + 1;
      const { url, postgres } = hello;
      const reached = { url, ...(postgres === undefined ? {} : { postgres }) };
      const state = { status: "active", instance, joins, ...reached } as const;
      const joined = await this.commit(withState(record, state), record.version, "point.active");
      if (joined !== null) this.heard(joined.id, hello);
      return joined;
    });
  }

  /** Another process asks for the work of this one: it must wait until no lease of it can run. */
  private async contended(record: PointRecord): Promise<null> {
    if (record.state.status === "active" && !(await this.silence.renews(record, await this.silentMs()))) {
      const left = await this.leaving(record);
      if (left === null) return null;
    }
    throw new AppError("point.in_use", {
      detail: `another process works as \`${record.terms.name}\`; it must end, or be silent until its lease is over`,
    });
  }

  /**
   * Whether this process may renew, by what the primary knew after it asked.
   * @throws AppError `point.unknown`, `point.clock`, `point.in_use`, `point.left`
   */
  assertRenews(renewal: Pick<RenewalRequest, "point" | "instance" | "clock" | "applied">): void {
    this.assertClock(renewal);
    const record = this.records.get(renewal.point);
    if (record === undefined || isRemoved(record)) throw new AppError("point.unknown");
    const { status, instance } = record.state;
    if (instance !== null && instance !== digestOf(renewal.instance)) throw new AppError("point.in_use");
    if (status !== "active" || instance === null) throw new AppError("point.left");
    this.heard(record.id, renewal);
  }

  private heard(id: PointId, { clock, applied }: Pick<RenewalRequest, "clock" | "applied">): void {
    const { version: told, generation } = this.answered.get(id) ?? { version: 0, generation: 0 };
    this.silence.renewed(id, { skewMs: clock - this.kernel.now(), applied, told, generation });
  }

  private assertClock({ point, clock }: Pick<RenewalRequest, "point" | "clock">): void {
    const aheadMs = clock - this.kernel.now();
    const skewMs = Math.abs(aheadMs);
    this.refusedClocks.delete(point);
    if (skewMs <= MOST_SKEW_MS) return;
    if (this.records.has(point)) this.refusedClocks.set(point, aheadMs);
    const seconds = Math.round(skewMs / 1000);
    throw new AppError("point.clock", { detail: `the clocks differ by ${String(seconds)} s; set them right` });
  }

  /** The process has dropped its lease: nobody misses it. */
  async leave(point: PointId, instance: string): Promise<void> {
    await this.settled(point, async (record) => {
      if (record === null || !mayHold(record) || record.state.instance !== digestOf(instance)) return true;
      return (await this.away(record, "left")) !== null;
    });
  }

  /** The link to a process ended. Its lease may still run, or it may have joined elsewhere since: then `version` is not its record's. */
  async lost(point: PointId, version: number): Promise<void> {
    const record = await this.kernel.store.get("point", point);
    if (record?.state.status === "active" && record.version === version) await this.leaving(record);
  }

  /** Takes those who are silent for gone, and those who are gone for away when no lease of theirs can run any more. */
  async sweep(): Promise<void> {
    const silentMs = await this.silentMs();
    await this.silence.tell(silentMs);
    for (const record of this.all().filter(mayHold)) {
      if (record.state.status === "leaving") {
        if (this.silence.leftFor(record) >= silentMs) await this.away(record, "silent");
      } else if (!(await this.silence.renews(record, silentMs))) await this.leaving(record);
    }
  }

  /** Those that hold no lease, fell silent and did not come back for so long: they will not say how that ended which they had begun. */
  unclosed(forMs: number): readonly PointRecord[] {
    return this.all().filter(
      (record) => record.state.unclosed === true && !mayHold(record) && this.silence.leftFor(record) >= forMs,
    );
  }

  /** The longest time for which a lease may run on after its last renewal was answered. */
  private async silentMs(): Promise<number> {
    this.leaseMs = await leaseMs(this.kernel);
    return this.leaseMs;
  }

  /** It fell silent: its last lease may still run. */
  private async leaving(record: PointRecord): Promise<PointRecord | null> {
    const heardAt = this.kernel.now() - this.silence.silentFor(record);
    const silentSince = new Date(heardAt).toISOString();
    const state = { ...record.state, status: "leaving", silentSince, unclosed: true } as const;
    return await this.commit(withState(record, state), record.version, "point.leaving");
  }

  private async away(record: PointRecord, how: "left" | "silent"): Promise<PointRecord | null> {
    const { removing, silentSince, ...state } = record.state;
    const status = removing === true ? "removed" : "away";
    const silent = how === "silent" && silentSince !== undefined ? { silentSince } : {};
    const put = withState(record, { ...state, ...silent, status, instance: null });
    return await this.commit(put, record.version, `point.${status}`);
  }

  /** Null: somebody else changed it first. */
  private async commit(put: Put, version: number, action: string): Promise<PointRecord | null> {
    const { kernel } = this;
    const committed = await kernel.store.commit({
      expect: [{ kind: "point", id: put.id, version }],
      put: [put],
      entries: [serverEntry(kernel, "identity", { action, resource: put.id, changes: [put] })],
    });
    if (!committed.ok) return null;
    const record = { ...put, version: committed.version } as PointRecord;
    this.noted(record, true);
    return record;
  }

  /** Repeats what lost a race, on the record as it is then. */
  private async settled<T>(
    point: PointId,
    attempt: (record: PointRecord | null) => Promise<T | null | false>,
  ): Promise<T> {
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const record = await this.kernel.store.get("point", point);
      if (record !== null) this.noted(record);
      const done = await attempt(record);
      if (done !== null && done !== false) return done;
    }
    throw new AppError("request.conflict", { detail: "the point changed over and over; try again" });
  }
}

export function mayHold({ state }: Pick<PointRecord, "state">): boolean {
  return state.status === "active" || state.status === "leaving";
}

function isRemoved({ state }: PointRecord): boolean {
  return state.status === "removed" || state.removing === true;
}

/** base64url SHA-256: what the record knows of the secret of a process. */
function digestOf(instance: string): string {
  return createHash("sha256").update(instance).digest("base64url");
}

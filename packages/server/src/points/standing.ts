import type { PointId, StateRecord } from "@countersign/core";
import type { ConnectedPoint } from "./points.ts";

type PointRecord = StateRecord<"point">;

/** How an enforcement point stands, as far as this server can tell. */
export interface PointStanding {
  readonly id: PointId;
  readonly name: string;
  readonly place: PointRecord["terms"]["place"];
  readonly status: PointRecord["state"]["status"];
  /** `lost`: it should hold a lease, and denies everything. `none`: it left in order, and nobody expects it. */
  readonly lease: "valid" | "lost" | "none";
  /** Of a lost one: when it was heard last, RFC 3339; null: never, or that is not known. */
  readonly since: string | null;
}

/** A gateway that should hold a lease and is gone: its last one is over. A part of this very process that has none is here, and denies. */
export function isGone({ lease, place, status }: PointStanding): boolean {
  return lease === "lost" && place === "joined" && status === "away";
}

interface Known {
  readonly records: readonly PointRecord[];
  readonly connected: readonly ConnectedPoint[];
  readonly now: number;
}

/** Every point that was not removed: those of the records, and those that are connected and have none yet. */
export function standings({ records, connected, now }: Known): readonly PointStanding[] {
  const here = new Map(connected.map((point) => [point.id, point]));
  const known = new Set(records.map(({ id }) => id));
  const unknown = connected.filter(({ id }) => !known.has(id));
  return [
    ...unknown.map((point): PointStanding => ({
      id: point.id,
      name: point.name,
      place: "own",
      status: "active",
      ...connectedLease(point, now),
    })),
    ...records
      .filter(({ state }) => state.status !== "removed")
      .map((record) => {
        const { id, terms, state } = record;
        const { name, place } = terms;
        return { id, name, place, status: state.status, ...leaseOf(record, here.get(id), now) };
      }),
  ];
}

type LeaseNow = Pick<PointStanding, "lease" | "since">;

function connectedLease({ lease }: ConnectedPoint, now: number): LeaseNow {
  if (lease.valid()) return { lease: "valid", since: null };
  const silentMs = lease.silentMs();
  return { lease: "lost", since: silentMs === null ? null : new Date(now - silentMs).toISOString() };
}

/** Whether a point holds a lease: where it is connected that is known, else its record says so. */
export function leaseOf({ terms, state }: PointRecord, connected: ConnectedPoint | undefined, now: number): LeaseNow {
  if (connected !== undefined) return connectedLease(connected, now);
  if (state.status === "active") return { lease: "valid", since: null };
  // A part of a server that ended is expected by nobody: what it guarded ended with it.
  const isMissed = state.silentSince !== undefined && (terms.place === "joined" || state.status === "leaving");
  return isMissed ? { lease: "lost", since: state.silentSince ?? null } : { lease: "none", since: null };
}

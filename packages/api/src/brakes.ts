import type { BrakeScope } from "@countersign/core";

/** One enforcement point in a stop: null until it has confirmed or its lease has run out. */
export interface StopPoint {
  readonly id: string;
  readonly name: string;
  readonly how: "acknowledged" | "lease_expired" | null;
  /** RFC 3339, or null while it is waited for. */
  readonly at: string | null;
  readonly inFlight: readonly { readonly intent: string; readonly disposition: string }[];
}

/** `GET /v1/brakes?state=active|all&limit=&before=&reverse=1` */
export interface BrakeView {
  readonly id: string;
  readonly kind: "freeze" | "sever";
  readonly scope: BrakeScope;
  /** Name of what the scope names, where it has one. */
  readonly scopeName: string | null;
  readonly reason: string | null;
  readonly by: string;
  readonly byName: string | null;
  readonly at: string;
  readonly state: "active" | "thawed";
  /** INV-3: `stopping` until every point has confirmed; never said earlier. */
  readonly progress: "stopping" | "stopped";
  readonly points: readonly StopPoint[];
  readonly settledAt: string | null;
  /** While it is stopping: when the last lease that may still run is over. */
  readonly leasesEndAt: string | null;
  /** The thaw that waits for a signature, if one does. */
  readonly thawApproval: string | null;
}

/** `GET /v1/brakes/{id}` while it is not settled; the signed receipt afterwards. */
export interface Stopping {
  readonly id: string;
  readonly state: "stopping";
  readonly requestedAt: string | null;
  /** When the last lease that may have run at the stop is over, RFC 3339: until then a silent point is waited for. Null while unknown. */
  readonly leasesEndAt: string | null;
  readonly points: readonly StopPoint[];
}

/** `GET /v1/brakes/preview?type=&value=`: what a stop with this scope would reach now. */
export interface StopPreview {
  readonly agents: number;
  readonly tasks: number;
  /** Calls that wait for a human: they become void. */
  readonly held: number;
  readonly points: number;
}

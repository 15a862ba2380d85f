/** One point in a drill. */
export interface DrillPoint {
  readonly id: string;
  readonly name: string;
  readonly how: "acknowledged" | "lease_expired";
  /** From the request of the stop until this point had confirmed it. */
  readonly tookMs: number;
  /** The entry in which this point recorded that it refused the canary after the stop; null: the canary was not seen there. */
  readonly refusal: string | null;
}

/** `POST /v1/drills`: how a stop of a canary task went; Ed25519 over the JCS form without `signature`. */
export interface Drill {
  readonly brake: string;
  readonly task: string;
  readonly requestedAt: string;
  readonly settledAt: string;
  readonly tookMs: number;
  readonly points: readonly DrillPoint[];
  readonly kid: string;
  readonly signature: string;
}

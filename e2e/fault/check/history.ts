/** Times are milliseconds of the monotonic clock of the machine, which all its processes share. */
export interface Sighting {
  /** The last byte was not there before this. */
  readonly notBefore: number;
  /** It was seen at this time. */
  readonly at: number;
}

/** Who acts on what, as the client says it in its call. */
export interface Call {
  /** Unique. */
  readonly call: string;
  readonly human: string;
  readonly device: string;
  readonly agent: string;
  readonly task: string;
  readonly resource: string;
  readonly effect: "read" | "write";
}

/** A line of the upstream's log: bytes of a call came, all of them or as many as ever came. */
export interface Arrived extends Call, Sighting {
  readonly at: number;
  readonly whole: boolean;
}

/** A line of an agent's log: what it received for a call. */
export interface Received extends Call, Sighting {
  readonly at: number;
  /** When the agent began the call. */
  readonly begunAt: number;
  /** `unanswered`: an error of the connection, a time-out, anything that is neither a result nor a refusal. */
  readonly what: "result" | "refused" | "unanswered";
  /** Of a refusal. */
  readonly code: string | null;
  /** Words of a refusal, or of the error in place of an answer. */
  readonly reason: string | null;
  /** Entry of the ledger that a refusal names. */
  readonly entry: string | null;
}

export interface Scope {
  readonly type: "all" | "agent" | "owner" | "device" | "task" | "resource";
  readonly value: string;
}

/** One stop, as whoever asked for it saw it. */
export interface Stop {
  readonly brake: string;
  readonly scope: Scope;
  readonly requestedAt: number;
  /** When the receipt was in the caller's hands; null: never. */
  readonly receiptAt: number | null;
  /** When a thaw was signed; null: not lifted. */
  readonly thawedAt: number | null;
  readonly receipt: { readonly state: string; readonly points: readonly { readonly how: string }[] } | null;
}

/** Something that was broken on purpose. */
export interface Disruption {
  readonly what: string;
  readonly from: number;
  /** When it was whole again. */
  readonly until: number;
  /** Whether stops cannot end while it lasts: servers and the database, not points and their links. */
  readonly control: boolean;
}

/** What the ledger holds, entry by entry in its order. */
export interface Recorded {
  readonly index: number;
  readonly id: string;
  readonly kind: string;
  readonly point: string;
  readonly pointSeq: number;
  readonly task: string | null;
  readonly taskSeq: number | null;
  readonly resource: string | null;
  readonly intent: string | null;
  readonly outcome: string | null;
}

/** Everything that was written down outside of what is tested. */
export interface History {
  readonly arrived: readonly Arrived[];
  readonly received: readonly Received[];
  readonly stops: readonly Stop[];
  readonly disruptions: readonly Disruption[];
  readonly ledger: readonly Recorded[];
  /** Until when it was looked. */
  readonly endedAt: number;
}

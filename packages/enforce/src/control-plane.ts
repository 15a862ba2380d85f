import type {
  AgentProof,
  AnyRecord,
  ApprovalId,
  BrakeId,
  Call,
  Chain,
  Decision,
  EntryId,
  EntryKind,
  FaultCode,
  HeldCall,
  IntentId,
  Json,
  Outcome,
  PointId,
  Preview,
  PublicJwk,
  RefusalCode,
  SpoolPlace,
  TaskId,
} from "@countersign/core";

/**
 * What an enforcement point needs of the control plane. In one process these are function calls; between processes the same
 * calls travel over mTLS. Every method may reject: to the point that is silence, and silence denies.
 */
export interface ControlPlane {
  /**
   * Takes up a point's work as one process (ADR 0007): everything that every point must know, and the chains of the tasks that it served
   * before a break, at one version.
   * @throws AppError `point.in_use`, `point.unknown`, `point.clock`
   */
  join(hello: Hello): Promise<Snapshot>;
  /**
   * (generation, version) of the primary, read after the renewal arrived, and what changed after `applied` of all that this point was told.
   * @throws AppError `point.in_use`, `point.unknown`, `point.clock`, `lease.behind`
   */
  renew(renewal: RenewalRequest): Promise<Snapshot>;
  /** Everything about one task, and from here on its changes; no task among the records: there is none. */
  learn(point: PointId, task: TaskId): Promise<Learned>;
  /** These tasks, and what only they needed, were dropped: their changes are no longer told. */
  forget(point: PointId, tasks: readonly TaskId[]): Promise<void>;
  /** The point has dropped its lease and ends. */
  leave(point: PointId): Promise<void>;
  /** Makes entries durable, in one transaction with what they consume. */
  record(request: RecordRequest): Promise<Recorded>;
  /** Finds or makes the approval that a held call waits for; records the hold. */
  hold(request: HoldRequest): Promise<Held | HoldRefused>;
  /** Who denied an approval of this task, by name, and why; null when nobody did. */
  denial(approval: ApprovalId, chain: Chain): Promise<Denial | null>;
  /** Why a stop was made, in the words of whoever made it; null when that was erased. */
  brakeReason(brake: BrakeId): Promise<string | null>;
  /** The exact call behind an approval of this task. */
  heldCall(approval: ApprovalId, chain: Chain): Promise<HeldCall | null>;
  /** A secret of an upstream, by the name in its terms; null when there is none. Kept by nobody longer than its use. */
  secret(name: string): Promise<string | null>;
  /** Three tries against a brake: ends the task and keeps its agent from opening another until its owner signs. */
  severTask(chain: Chain, brake: BrakeId): Promise<void>;
  /** An action passed: keeps the task from idling out. */
  touch(chain: Chain): void;
  /**
   * Takes a run of frames of a point's spool into the ledger, in one transaction with the place up to which they were taken. Exactly once:
   * a run that was merged before is answered as merged. Rejects when the ledger cannot be written; then nothing was merged.
   */
  merge(run: SpoolRun): Promise<Merged>;
}

/** Who takes up a point's work. */
export interface Hello {
  readonly point: PointId;
  /** base64url, 32 bytes: known to this process alone. */
  readonly instance: string;
  /** Version up to which the point is told; 0 for one that knows nothing. */
  readonly applied: number;
  /** Tasks whose chains it still holds. */
  readonly tasks: readonly TaskId[];
  /** Where clients reach it; null: nowhere yet. */
  readonly url: string | null;
  /** `host:port` of its PostgreSQL; absent: it has none. */
  readonly postgres?: string;
  /** The point's wall clock, Unix milliseconds. */
  readonly clock: number;
}
export interface RenewalRequest {
  readonly point: PointId;
  readonly instance: string;
  readonly applied: number;
  readonly clock: number;
}
/** Records at one version. `records` may hold more than what changed since. */
export interface Snapshot {
  readonly generation: number;
  readonly version: number;
  readonly records: readonly AnyRecord[];
}
export interface Learned extends Snapshot {
  /** In clear, for policies; null when it was erased. */
  readonly purpose: string | null;
}

/** The part of a ledger entry that a point fills in; counters are taken inside the transaction, so they have no gaps. */
export interface EntryDraft {
  readonly id: EntryId;
  readonly time: string;
  readonly kind: EntryKind;
  readonly chain: Chain;
  readonly agentProof: AgentProof | null;
  readonly action: string | null;
  readonly resource: string | null;
  readonly resources?: readonly string[];
  readonly effect: Call["effect"] | null;
  readonly argsCommitment: string | null;
  readonly argsShown: { readonly value: Json; readonly hidden: readonly string[] } | null;
  readonly decision: Pick<Decision, "result" | "step" | "code" | "policyIds" | "policySetHash"> | null;
  readonly posture: Json;
  readonly risk: number | null;
  readonly approval?: ApprovalId;
  readonly intent?: IntentId;
  readonly outcome?: Outcome;
  readonly cause?: Json;
}

/** Salt and full arguments of an entry: kept encrypted and erasable, beside the ledger. */
export interface Disclosure {
  readonly entry: EntryId;
  /** base64url, 32 bytes. */
  readonly salt: string;
  readonly arguments: Json;
}

export interface RecordRequest {
  readonly point: PointId;
  /** In this order, in one transaction. All that follows is about the first: the outcome of an intent may stand behind it. */
  readonly entries: readonly [EntryDraft, ...EntryDraft[]];
  readonly disclosure?: Disclosure;
  /** Refuse when a brake covers this chain and any of these resources: set for every intent whose effect is not `read`. */
  readonly guard?: { readonly resource: readonly string[] };
  /** The approval that this intent uses, at the version that was judged; one of several uses may be taken at a later version too. */
  readonly consume?: { readonly approval: ApprovalId; readonly version: number };
}
export type Recorded =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: RefusalCode; readonly brake?: BrakeId };

export interface HoldRequest {
  readonly point: PointId;
  readonly entry: EntryDraft;
  readonly chain: Chain;
  readonly call: Call;
  readonly decision: Decision;
  /** What it would do, for the human who is asked. A repeat without one is about what was found out before. */
  readonly preview?: Preview;
}
export interface Held {
  readonly approval: ApprovalId;
  readonly state: "pending" | "approved";
  readonly url: string;
  /** Who may sign, in words. */
  readonly approver: string;
  readonly entry: EntryId;
  /** The salt under which the approver sees and signs this call's arguments. */
  readonly salt: string;
  /** What the approver sees and signs of this call's effect. */
  readonly preview?: Preview;
}
/** Why no human is asked. */
export interface HoldRefused {
  readonly refused: { readonly code: RefusalCode; readonly reason: string };
}
export interface Denial {
  readonly by: string;
  readonly reason: string;
}

/** Consecutive frames of a point's spool, signed by the point's key (docs/protocol/points/spool.md). */
export interface SpoolRun {
  readonly point: PointId;
  /** Which spool of this point: base64url, 16 bytes. */
  readonly spool: string;
  /** Numbers of the first and the last frame. */
  readonly from: number;
  readonly to: number;
  /** Hash of the chain before the first frame, and with the last one: base64url, 32 bytes. */
  readonly prev: string;
  readonly hash: string;
  /** The point's key; its thumbprint stands in the point's record. */
  readonly key: PublicJwk;
  /** base64url, over "countersign-spool-v1\n" and the JCS form of {point, from, to, hash}. */
  readonly signature: string;
  readonly frames: readonly [SpoolFrame, ...SpoolFrame[]];
}
/** What was made durable as a whole. Its number is that of its place in the run. */
export interface SpoolFrame {
  readonly entries: readonly [EntryDraft, ...EntryDraft[]];
  readonly disclosure?: Disclosure;
}
/** Up to which frame this point's spool is merged: more than the run held when a later one was merged before. */
export type Merged =
  | ({ readonly ok: true } & SpoolPlace)
  | { readonly ok: false; readonly code: "point.unknown" | Extract<FaultCode, `spool.${string}`> };

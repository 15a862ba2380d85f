import type { AgentProof, Chain } from "./chain.ts";
import type { DecisionResult, Step } from "./decision.ts";
import type { Effect } from "./effect.ts";
import type { RefusalCode } from "./errors.ts";
import type { ApprovalId, EntryId, IntentId, PointId } from "./ids.ts";
import type { Json } from "./json.ts";

export const ENTRY_KINDS = [
  "action.intent",
  "action.outcome",
  "decision",
  "approval",
  "brake",
  "task",
  "mandate",
  "identity",
  "device",
  "policy",
  "upstream",
  "detection",
  "admin",
  "key",
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export type OutcomeStatus = "ok" | "error" | "unknown" | "unobserved" | "withheld" | "rolled_back";
export interface Outcome {
  readonly status: OutcomeStatus;
  /** base64url(SHA-256(salt32 ‖ result bytes)), or null when no byte of a result was seen. */
  readonly resultCommitment: string | null;
  readonly bytes: number;
}

/**
 * One leaf of the ledger, in JCS form (design 8; `interfaces.md`). Ids, no names. At most 60 KB.
 * `records` names the state records that this entry changed, each with the digest of its new content, so that stored state
 * can be checked against the ledger.
 */
export interface LedgerEntry {
  readonly v: 1;
  readonly id: EntryId;
  /** RFC 3339, milliseconds, UTC. */
  readonly time: string;
  readonly kind: EntryKind;
  readonly point: PointId;
  /** Gapless count of the entries of this point, so that a loss shows. */
  readonly pointSeq: number;
  /** Gapless count of the entries of this task, or null outside one. */
  readonly taskSeq: number | null;
  readonly chain: Chain;
  readonly agentProof: AgentProof | null;
  readonly action: string | null;
  readonly resource: string | null;
  /** All resources, `resource` among them, of an action that has several. */
  readonly resources?: readonly string[];
  readonly effect: Effect | null;
  readonly argsCommitment: string | null;
  readonly argsShown: ArgsShown | null;
  readonly decision: {
    readonly result: DecisionResult;
    readonly step: Step | null;
    readonly code: RefusalCode | null;
    readonly policyIds: readonly string[];
    readonly policySetHash: string;
  } | null;
  readonly posture: Json;
  readonly risk: number | null;
  readonly approval?: ApprovalId;
  readonly intent?: IntentId;
  readonly outcome?: Outcome;
  readonly cause?: Json;
  readonly records?: readonly { readonly kind: string; readonly id: string; readonly digest: string }[];
  /** The frame of its point's spool that it came in; absent: the control plane recorded it at once (docs/protocol/points/spool.md). */
  readonly spool?: SpoolPlace;
}

/** A place in the hash chain of a point's spool. */
export interface SpoolPlace {
  /** Number of the frame; the first is 1. */
  readonly seq: number;
  /** base64url: the hash of the chain with this frame. */
  readonly hash: string;
}

/** The redacted arguments of an entry: at most 8 KiB, with the JSON pointers (RFC 6901) of what was left out. */
export interface ArgsShown {
  readonly value: Json;
  readonly hidden: readonly string[];
}

import type { RefusalCode } from "./errors.ts";
import type { ApprovalId, BrakeId, EntryId } from "./ids.ts";

/** The steps of a decision, in their order (design 5.1); the last four belong to the enforcement point itself. */
export const STEPS = [
  "credential",
  "brake",
  "human",
  "device",
  "agent",
  "task",
  "grant",
  "critical",
  "policy",
  "risk",
  "countersignature",
  "lease",
  "ledger",
  "tool",
  "upstream",
  "input",
  "hold",
] as const;
export type Step = (typeof STEPS)[number];

/** One reason to wait for a human: a satisfied `@hold` policy or a built-in rule. */
export interface Hold {
  readonly policyId: string;
  /** base64url SHA-256 of the policy's text, so that a changed policy is another hold. */
  readonly policyHash: string;
  readonly reason: string;
  /** `owner` or `role:<name>`. */
  readonly approvers: string;
  readonly notRequester: boolean;
  readonly quorum: number;
  readonly expirySeconds: number | null;
  readonly scopes: readonly ("once" | "task")[];
  readonly authenticator: "any" | "attested" | "other-device";
}

export type DecisionResult = "permit" | "deny" | "hold";

/** The answer to "may this action be done now", with everything that explains it. */
export interface Decision {
  readonly result: DecisionResult;
  /** The step that refused or held; null on a permit. */
  readonly step: Step | null;
  readonly code: RefusalCode | null;
  /** One clause for a person: what failed and what would make it pass. */
  readonly reason: string;
  readonly policyIds: readonly string[];
  readonly policySetHash: string;
  readonly brake?: BrakeId;
  readonly holds: readonly Hold[];
  /** Policies that failed to evaluate; never empty when the code is `policy.error`. */
  readonly policyErrors: readonly string[];
}

/** What a refused caller is told: the object `D` of the outside surface. */
export interface Refusal {
  readonly decision: "deny" | "hold";
  readonly step: Step;
  readonly code: RefusalCode;
  readonly reason: string;
  readonly policyIds: readonly string[];
  readonly brake?: BrakeId;
  readonly approval?: ApprovalId;
  readonly approvalUrl?: string;
  /** The ledger entry of this refusal; null only when the ledger could not be written. */
  readonly entry: EntryId | null;
}

/** A refusal decided before any policy was asked. */
export function denied(step: Step, code: RefusalCode, reason: string): Decision {
  return {
    result: "deny",
    step,
    code,
    reason,
    policyIds: [],
    policySetHash: "",
    holds: [],
    policyErrors: [],
  };
}

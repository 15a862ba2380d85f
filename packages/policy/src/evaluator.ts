import type { AgentProof, Effect, Hold, JsonObject } from "@countersign/core";

/**
 * The one seam to a policy engine. Nothing outside the `cedar-*.ts` files and the parse worker knows which engine answers.
 */
export interface Evaluator {
  /** base64url SHA-256 of the whole policy text. */
  readonly policySetHash: string;
  readonly policies: ReadonlyMap<string, PolicyMeta>;
  /** Never throws: whatever goes wrong is an entry of `errors`, and any error denies (INV-2). */
  evaluate(request: CedarRequest): Evaluation;
}

/** Which policies are satisfied and which failed: complete lists of policy ids, sorted. */
export interface Evaluation {
  readonly permits: readonly string[];
  /** Holds included: `policies` tells which ones hold instead of denying. */
  readonly forbids: readonly string[];
  /** Messages may quote the policy, never the call's arguments. An error of no single policy carries {@link WHOLE_SET}. */
  readonly errors: readonly { readonly policyId: string; readonly message: string }[];
}
export const WHOLE_SET = "builtin:evaluator";

/** What a hold asks for, apart from the policy that raises it. */
export type HoldTerms = Omit<Hold, "policyId" | "policyHash">;

export interface PolicyMeta {
  readonly id: string;
  /** base64url SHA-256 of the policy's canonical form, annotations included. */
  readonly hash: string;
  readonly effect: "permit" | "forbid";
  /** Set on a `forbid` that holds instead of denying. */
  readonly hold: HoldTerms | null;
}

/** One question, in plain values: the engine converts them. */
export interface CedarRequest {
  readonly principal: {
    /** `Human`: in a task of their own. */
    readonly type: "Agent" | "Service" | "Human";
    readonly id: string;
    /** Of a person: themselves. */
    readonly owner: string;
    /** Of a person: their id, because their name is ciphertext. */
    readonly name: string;
  };
  readonly action: string;
  /** The one group of the action. */
  readonly effect: Effect;
  readonly resource: string;
  readonly context: PolicyContext;
}

/** What is known of a device's health, by name. */
export type PostureFacts = Readonly<Record<string, { readonly value: boolean | "unknown" }>>;

export interface PolicyContext {
  /** Unix milliseconds. */
  readonly now: number;
  readonly risk: number;
  readonly agentProof: AgentProof;
  readonly tool: string;
  readonly upstream: string;
  readonly device: {
    readonly id: string;
    readonly tier: string;
    readonly level: string;
    readonly os: string;
    readonly osVersion: string | null;
    readonly facts: PostureFacts;
  };
  readonly task: {
    readonly id: string;
    readonly purpose: string | null;
    /** RFC 3339. */
    readonly openedAt: string;
    readonly expiresAt: string;
  };
  readonly arguments: JsonObject;
}

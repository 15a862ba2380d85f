import type { PolicyEst } from "./est.ts";
import type { PolicyMeta } from "./evaluator.ts";

/** A policy that was parsed and checked in the parse worker. Plain data. */
export interface ParsedPolicy extends PolicyMeta {
  readonly est: PolicyEst;
  /** Line of the text on which it begins, from 1. */
  readonly line: number;
}

export interface ParsedPolicySet {
  /** base64url SHA-256 of the whole text, UTF-8. */
  readonly policySetHash: string;
  readonly policies: readonly ParsedPolicy[];
  /** What is allowed but probably not meant. */
  readonly warnings: readonly PolicyProblem[];
}

export interface PolicyProblem {
  readonly message: string;
  readonly line?: number;
  readonly policyId?: string;
}

export type ParsedPolicies =
  | { readonly ok: true; readonly set: ParsedPolicySet }
  | { readonly ok: false; readonly code: "policy.invalid"; readonly problems: readonly PolicyProblem[] };

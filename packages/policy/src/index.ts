export type { DecideInput, Facts, Posture, PresentedCountersignature, VerifiedClaims } from "./decide-input.ts";
export { coversCall, limitsOf } from "./covering.ts";
export { decide } from "./decide.ts";
export { DEFAULT_POLICIES } from "./default-policies.ts";
export type { ToolAnnotations } from "./effect-of-tool.ts";
export { effectOfTool, guessEffect } from "./effect-of-tool.ts";
export type {
  CedarRequest,
  Evaluation,
  Evaluator,
  HoldTerms,
  PolicyContext,
  PolicyMeta,
  PostureFacts,
} from "./evaluator.ts";
export { createCedarEvaluator } from "./cedar-evaluator.ts";
export type { ParseLimits } from "./parse-policies.ts";
export { PARSE_LIMITS, parsePolicies } from "./parse-policies.ts";
export type { ParsedPolicies, ParsedPolicy, ParsedPolicySet, PolicyProblem } from "./parsed-policies.ts";

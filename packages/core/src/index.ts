export type { AgentProof, Chain, Grant } from "./chain.ts";
export { NO_CHAIN, grantOf } from "./chain.ts";
export type { BrakeScope } from "./brake.ts";
export { BRAKE_SCOPES, covers } from "./brake.ts";
export type { Call, CallDigestInput } from "./call.ts";
export {
  HOOK_METHOD,
  MOST_RESOURCES,
  SQL_METHOD,
  isOwnHands,
  isStatement,
  reached,
  severalOf,
  tooManyResources,
} from "./call.ts";
export { approvalEndsAt, signedScope } from "./approval-end.ts";
export type { AssertionJson, Bound, Change, ChangeAct, Countersignature, SignedApproval } from "./countersignature.ts";
export { APPROVAL_CONTEXT, TASK_SCOPE } from "./countersignature.ts";
export { partsOf } from "./content-parts.ts";
export type { Decision, DecisionResult, Hold, Refusal, Step } from "./decision.ts";
export { STEPS, denied } from "./decision.ts";
export type { Effect } from "./effect.ts";
export { EFFECTS, graver } from "./effect.ts";
export type { ArgsShown, EntryKind, LedgerEntry, Outcome, OutcomeStatus, SpoolPlace } from "./entry.ts";
export { ENTRY_KINDS } from "./entry.ts";
export type { AppErrorOptions, Code, CodeRow, FaultCode, Problem, RefusalCode } from "./errors.ts";
export { AppError, FAULTS, REFUSALS, codeRow, problemOf } from "./errors.ts";
export type * from "./ids.ts";
export { isId, newId } from "./ids.ts";
export type { Json, JsonObject } from "./json.ts";
export { canonicalBytes, canonicalJson, isJsonObject } from "./json.ts";
export type { MarkKind, Run } from "./marks.ts";
export { marked, warnings } from "./marks.ts";
export type { JsonFault, JsonLimits, ParsedJson } from "./parse-json.ts";
export { parseJson } from "./parse-json.ts";
export type { MappingPlace, ParsedMapping, ResourceMapping } from "./mapping.ts";
export { fillPlaces, mappedArguments, parseMapping, placesOf, textsOf } from "./mapping.ts";
export { contains, matches, touches } from "./pattern.ts";
export type {
  AnyRecord,
  ApprovalTerms,
  HeldCall,
  Kind,
  Kinds,
  PublicJwk,
  Role,
  Runtime,
  Sealed,
  Settings,
  SignedAnswer,
  StateRecord,
  UpstreamRecord,
} from "./records.ts";
export type { Preview, RelationEffect, SampleRow } from "./preview.ts";
export { PREVIEW_LIMITS, isPreview, sameEffect } from "./preview.ts";
export { isUpstreamOf } from "./records.ts";
export type { Mask, McpTerms, PostgresTerms, SecretRef, TermsOf, UpstreamTerms } from "./upstream.ts";
export { MASKS } from "./upstream.ts";
export type { LimitName, Limits } from "./limits.ts";
export { LIMIT_NAMES, MOST_LIMIT, narrowest, readLimits } from "./limits.ts";
export type { PostgresPlace, ReadPlace } from "./postgres-place.ts";
export { GATEWAY_LOGIN, isLoopback, postgresUrl, readPostgresUrl } from "./postgres-place.ts";
export { databaseResource, relationResource } from "./sql-name.ts";
export { plainText } from "./plain-text.ts";
export { normalizeResource } from "./resource.ts";
export type { Part, Row, Token } from "./row-builder.ts";
export { riskLevelOf } from "./risk.ts";

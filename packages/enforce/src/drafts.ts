import {
  type ApprovalId,
  type Call,
  type Chain,
  type Decision,
  type EntryId,
  type EntryKind,
  type IntentId,
  type Json,
  NO_CHAIN,
  type Outcome,
  type Refusal,
  newId,
  severalOf,
} from "@countersign/core";
import { argsCommitment } from "@countersign/credentials";
import type { Action } from "./action.ts";
import { argsShown } from "./args-shown.ts";
import type { Disclosure, EntryDraft } from "./control-plane.ts";
import { isRefused, postureShown } from "./facts.ts";
import type { EnforcementPoint } from "./point.ts";

/** What stays the same over all entries of one action. */
export interface Subject {
  readonly chain: Chain;
  readonly action: string;
  readonly resource: string | null;
  readonly resources?: readonly string[];
  readonly effect: Call["effect"] | null;
  readonly agentProof: EntryDraft["agentProof"];
  readonly arguments: Json | null;
  /** base64url, 32 bytes. */
  salt: string;
}

export function subjectOf(point: EnforcementPoint, action: Action): Subject {
  const { claims, call } = action;
  const refused = isRefused(call);
  return {
    chain: claims.ok ? claims.chain : NO_CHAIN,
    agentProof: claims.ok ? claims.agentProof : null,
    action: call.action,
    resource: call.resource,
    ...severalOf(call),
    effect: refused ? null : call.effect,
    arguments: refused ? null : call.arguments,
    salt: Buffer.from(point.random(32)).toString("base64url"),
  };
}

export interface DraftParts {
  readonly decision?: Decision;
  readonly approval?: ApprovalId;
  readonly intent?: IntentId;
  readonly outcome?: Outcome;
  readonly cause?: Json;
}

interface Drafting {
  readonly point: EnforcementPoint;
  readonly subject: Subject;
}

export function draftEntry({ point, subject }: Drafting, kind: EntryKind, parts: DraftParts): EntryDraft {
  const withArguments = subject.arguments !== null && kind !== "action.outcome";
  const { decision } = parts;
  const now = point.now();
  return {
    ...parts,
    id: newId("ent", now, point.random),
    time: new Date(now).toISOString(),
    kind,
    chain: subject.chain,
    agentProof: subject.agentProof,
    action: subject.action,
    resource: subject.resource,
    ...severalOf(subject),
    effect: subject.effect,
    argsCommitment: withArguments ? argsCommitment(Buffer.from(subject.salt, "base64url"), subject.arguments) : null,
    argsShown: withArguments ? argsShown(subject.arguments) : null,
    decision:
      decision === undefined
        ? null
        : {
            result: decision.result,
            step: decision.step,
            code: decision.code,
            policyIds: decision.policyIds,
            policySetHash: decision.policySetHash,
          },
    posture: postureShown(point, subject.chain),
    risk: decision === undefined ? null : point.riskOf(subject.chain),
  };
}

export function disclosureOf(entry: EntryDraft, subject: Subject): Disclosure | undefined {
  return subject.arguments === null ? undefined : { entry: entry.id, salt: subject.salt, arguments: subject.arguments };
}

/** The object `D` of the outside surface. */
export function refusalOf(
  decision: Decision,
  entry: EntryId | null,
  held?: { approval: ApprovalId; url: string },
): Refusal {
  return {
    decision: decision.result === "hold" ? "hold" : "deny",
    step: decision.step ?? "policy",
    code: decision.code ?? "policy.error",
    reason: decision.reason,
    policyIds: decision.policyIds,
    ...(decision.brake === undefined ? {} : { brake: decision.brake }),
    ...(held === undefined ? {} : { approval: held.approval, approvalUrl: held.url }),
    entry,
  };
}

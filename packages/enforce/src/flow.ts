import {
  type Call,
  type Decision,
  type Hold,
  type Preview,
  type RefusalCode,
  type StateRecord,
  type Step,
  denied,
} from "@countersign/core";
import { type DecideInput, decide } from "@countersign/policy";
import type { Action, Ends } from "./action.ts";
import type { Subject } from "./drafts.ts";
import { gatherFacts } from "./facts.ts";
import { LEASE_LOST } from "./lease.ts";
import type { LiveAction } from "./live.ts";
import type { EnforcementPoint } from "./point.ts";

/** One action on its way through {@link enforce}. */
export interface Flow<A> extends Ends<A> {
  readonly point: EnforcementPoint;
  readonly action: Action;
  readonly subject: Subject;
  readonly live: LiveAction;
  /** What a valid countersignature contributes to the decision; set once the approval is found. */
  countersignature: DecideInput["countersignature"];
  approval: StateRecord<"approval"> | null;
  /** The salt (base64url) under which the approver saw the arguments. */
  approvalSalt: string;
  /** What the approver saw of the call's effect. */
  preview?: Preview | undefined;
  /** What the call was held for. */
  holds: readonly Hold[];
  /** The last whole decision; it stands while nothing that it read has changed. */
  decided: { readonly decision: Decision; readonly revision: number; readonly until: number } | null;
}

/** Longest time for which a decision stands without being made again, in ms. */
const STANDS_MS = 1000;

/** One whole decision on the state of this tick. Marks and the lease come first: they need no policy. */
export function decideNow<A>(flow: Flow<A>, call: Call): Decision {
  const { point, live } = flow;
  if (!point.lease.valid()) return LEASE_LOST;
  return live.mark ?? decideState(flow, call);
}

/** The decision on the state of this tick alone: whoever asks looks at lease and mark. */
export function decideState<A>(flow: Flow<A>, call: Call): Decision {
  const { point } = flow;
  const now = point.now();
  if (flow.decided !== null && flow.decided.revision === point.replica.revision && now < flow.decided.until) {
    return flow.decided.decision;
  }
  const { claims } = flow.action;
  if (claims.ok && claims.chain.task !== null && point.replica.get("task", claims.chain.task) === undefined)
    return denied("task", "task.unknown", "no such task is known here; open one with `countersign task open`");
  const input = gatherFacts(flow, call);
  const decision = decide(input);
  flow.decided = { decision, revision: point.replica.revision, until: standsUntil(input, now) };
  return decision;
}

/** The decision is made again when anything that it read changes (revision), when its task or agent ends, and at least each second. */
function standsUntil({ facts }: DecideInput, now: number): number {
  const ends = [facts.task?.terms.expiresAt, facts.agent?.terms.expiresAt].map((t) =>
    t === undefined ? now : Date.parse(t),
  );
  return Math.min(now + STANDS_MS, ...ends);
}

/** The step that a code belongs to: what stands before its dot. */
export function stepOf(code: RefusalCode): Step {
  return code.slice(0, code.indexOf(".")) as Step;
}

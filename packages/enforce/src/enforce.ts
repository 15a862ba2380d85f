import {
  type ApprovalId,
  type Call,
  type Decision,
  type RefusalCode,
  type StateRecord,
  type Step,
  denied,
  plainText,
  severalOf,
  signedScope,
} from "@countersign/core";
import type { Action, Ends } from "./action.ts";
import { type ApprovalEnd, awaitApproval } from "./await-approval.ts";
import { carryOut } from "./carry-out.ts";
import type { Held } from "./control-plane.ts";
import { draftEntry, refusalOf, subjectOf } from "./drafts.ts";
import { isRefused, namesOf } from "./facts.ts";
import { type Flow, decideNow, decideState } from "./flow.ts";
import type { EnforcementPoint } from "./point.ts";
import { refuse } from "./refuse.ts";
import { decideWithApproval } from "./with-approval.ts";

/**
 * The only code that turns a decision into an effect, for every gateway (design 5):
 * decide → record intent → [hold → decide again in full → consume approval] → send → record outcome → release.
 *
 * Never rejects. Whatever fails ends in a refusal with a code (INV-2). The gates before a byte goes upstream and before one goes to the
 * agent are in the same tick as the write: `permitted()` then `write()`, `permitted()` then `answer()`.
 */
export async function enforce<A>(point: EnforcementPoint, action: Action, ends: Ends<A>): Promise<void> {
  const subject = subjectOf(point, action);
  const live = point.live.begin(subject.chain, namesOf(action.call));
  const flow: Flow<A> = {
    point,
    action,
    ...ends,
    subject,
    live,
    countersignature: null,
    approval: null,
    approvalSalt: subject.salt,
    holds: [],
    decided: null,
  };
  try {
    await run(flow);
  } catch (error) {
    point.log.error({ err: error, action: subject.action }, "enforcement failed");
    await refuse(flow, denied("policy", "policy.error", "the enforcement point failed; nothing was permitted"));
  } finally {
    if (live.state !== "released") live.settle(null);
    point.live.end(live);
  }
}

async function run<A>(flow: Flow<A>): Promise<void> {
  const { call } = flow.action;
  if (isRefused(call)) return await refuse(flow, refusedCall(flow, call.refused));
  flow.live.decide = () => decideState(flow, call);
  let decision = decideNow(flow, call);
  if (decision.result === "hold") {
    const settled = await hold(flow, call, decision);
    if (settled === null) return;
    decision = settled;
  }
  if (decision.result !== "permit") return await refuse(flow, decision);
  await carryOut(flow, call);
}

/** How long the caller waits inline for a human: what the settings say, less when its own client waits less. */
function waitMs<A>({ point, action }: Flow<A>): number {
  return Math.min(point.settings().approvals.waitSeconds * 1000, action.waitMs ?? Number.POSITIVE_INFINITY);
}

/** A call that could not even be formed still answers first for its credential. */
function refusedCall<A>(flow: Flow<A>, refused: { step: Step; code: RefusalCode; reason: string }): Decision {
  const { claims } = flow.action;
  if (!claims.ok) return denied("credential", claims.code, claims.reason);
  return denied(refused.step, refused.code, refused.reason);
}

/** Waits for a human. Answers the decision to go on with, or null when the caller was already told to come back later. */
async function hold<A>(flow: Flow<A>, call: Call, decision: Decision): Promise<Decision | null> {
  const { point, action, subject } = flow;
  if (action.approval !== undefined) {
    const named = point.replica.get("approval", action.approval);
    const ended = namedApprovalEnded(named) ?? namedApprovalStale(named, decision);
    if (ended !== null) return await withDenial(flow, action.approval, ended);
  }
  const held = await askHuman(flow, call, decision);
  if ("result" in held) return held;
  flow.approvalSalt = held.salt;
  if (held.state === "pending") {
    const end = await awaitApproval(flow, held.approval, waitMs(flow));
    if (end === "timeout" || end === "gone") {
      flow.live.settle("not_sent");
      if (end === "timeout") tellHeld(flow, decision, held);
      return null;
    }
  }
  flow.holds = decision.holds;
  const approval = point.replica.get("approval", held.approval);
  // What was signed once is recorded under the salt that its signer saw; of several calls each keeps its own.
  if (approval === undefined || signedScope(approval) !== "task") subject.salt = held.salt;
  return await withDenial(flow, held.approval, decideWithApproval(flow, call, held.approval));
}

/** The approval that the call waits for; a refusal when no human is asked. */
async function askHuman<A>(flow: Flow<A>, call: Call, decision: Decision): Promise<Held | Decision> {
  const { point, subject } = flow;
  const entry = draftEntry(flow, "decision", { decision });
  try {
    const held = await point.controlPlane.hold({ point: point.id, entry, chain: subject.chain, call, decision });
    return "refused" in held ? denied("countersignature", held.refused.code, held.refused.reason) : held;
  } catch (error) {
    point.log.error({ err: error }, "hold not recorded");
    return denied("ledger", "ledger.unavailable", "the hold could not be recorded, so nothing was done");
  }
}

/** Most characters of a name and of a reason that the agent is told. */
const NAME_CHARS = 80;
const REASON_CHARS = 300;

/** Tells who denied the call and why. Without an answer of the control plane it stays denied, unexplained. */
async function withDenial<A>({ point, subject }: Flow<A>, id: ApprovalId, decision: Decision): Promise<Decision> {
  const approval = point.replica.get("approval", id);
  if (decision.code !== "countersignature.void" || approval?.state.status !== "denied") return decision;
  try {
    const denial = await point.controlPlane.denial(id, subject.chain);
    if (denial === null) return decision;
    const reason = plainText(denial.reason, REASON_CHARS);
    const by = plainText(denial.by, NAME_CHARS);
    return { ...decision, reason: `denied by ${by}${reason === "" ? "" : `: ${reason}`}` };
  } catch (error) {
    point.log.error({ err: error }, "denial not explained");
    return decision;
  }
}

/** For `countersign_wait`: an approval that is over is said to be over; it never turns into a new question. */
function namedApprovalEnded(approval: StateRecord<"approval"> | undefined): Decision | null {
  const ends: Partial<Record<ApprovalEnd, RefusalCode>> = {
    consumed: "countersignature.used",
    expired: "countersignature.expired",
    void: "countersignature.void",
    denied: "countersignature.void",
  };
  const code = approval === undefined ? "countersignature.void" : ends[approval.state.status as ApprovalEnd];
  if (code === undefined) return null;
  const status = approval?.state.status ?? "unknown";
  const cause = approval?.state.cause ?? null;
  return denied("countersignature", code, `the approval is ${status}${typeof cause === "string" ? `: ${cause}` : ""}`);
}

function namedApprovalStale(
  approval: StateRecord<"approval"> | undefined,
  { policySetHash }: Decision,
): Decision | null {
  if (approval === undefined || approval.terms.policySetHash === policySetHash) return null;
  return denied(
    "countersignature",
    "countersignature.void",
    "the policies changed since this was asked for; make the call again",
  );
}

function tellHeld<A>(flow: Flow<A>, decision: Decision, held: Held): void {
  const refusal = refusalOf(decision, held.entry, held);
  flow.releaser.refusal(refusal, {
    action: flow.subject.action,
    resource: flow.subject.resource,
    ...severalOf(flow.subject),
    approver: held.approver,
  });
}

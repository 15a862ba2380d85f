import {
  type ApprovalId,
  type Call,
  type Decision,
  type Preview,
  type RefusalCode,
  type StateRecord,
  denied,
  plainText,
  severalOf,
  signedScope,
} from "@countersign/core";
import { PREVIEW_MS } from "./action.ts";
import { type ApprovalEnd, awaitApproval } from "./await-approval.ts";
import type { Held } from "./control-plane.ts";
import { draftEntry, refusalOf } from "./drafts.ts";
import { type Flow, decideNow } from "./flow.ts";
import { previewOf, previewShown } from "./preview.ts";
import { refuse } from "./refuse.ts";
import { decideWithApproval } from "./with-approval.ts";

/** Waits for a human. Answers the decision to go on with, or null when the caller was already told to come back later. */
export async function hold<A>(flow: Flow<A>, call: Call, decision: Decision): Promise<Decision | null> {
  const { point, action, subject } = flow;
  if (action.approval !== undefined) {
    const named = point.replica.get("approval", action.approval);
    const ended = namedApprovalEnded(named) ?? namedApprovalStale(named, decision);
    if (ended !== null) return await withDenial(flow, action.approval, ended);
  }
  const began = point.now();
  const held = await askHuman(flow, call, { decision, preview: await previewOf(flow, call) });
  if ("result" in held) {
    await evenTime(flow, began);
    return held;
  }
  flow.approvalSalt = held.salt;
  flow.preview = held.preview;
  if (held.state === "pending") {
    const end = await awaitApproval(flow, held.approval, waitMs(flow, began));
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

/** What was signed is not what would happen now: asks anew, with what would. Nothing of the action was done. */
export async function holdAnew<A>(flow: Flow<A>, call: Call, preview: Preview): Promise<void> {
  flow.approval = null;
  flow.countersignature = null;
  flow.decided = null;
  const decision = decideNow(flow, call);
  const voided = denied("countersignature", "countersignature.void", "the effect is not the one that was signed");
  if (decision.result !== "hold") return await refuse(flow, decision.result === "deny" ? decision : voided);
  const held = await askHuman(flow, call, { decision, preview });
  if ("result" in held) return await refuse(flow, held);
  tellHeld(flow, decision, held);
}

interface Question {
  readonly decision: Decision;
  readonly preview: Preview | undefined;
}

/** The approval that the call waits for; a refusal when no human is asked. */
async function askHuman<A>(flow: Flow<A>, call: Call, { decision, preview }: Question): Promise<Held | Decision> {
  const { point, subject } = flow;
  const shown = preview === undefined ? {} : { cause: { preview: previewShown(subject.salt, preview) } };
  const entry = draftEntry(flow, "decision", { decision, ...shown });
  const asked = { point: point.id, entry, chain: subject.chain, call, decision };
  try {
    const held = await point.controlPlane.hold({ ...asked, ...(preview === undefined ? {} : { preview }) });
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

/**
 * How long the caller still waits inline for a human: what the settings say, less when its own client waits less. Where the effect is looked at
 * first, never less than that may take, so that the agent does not learn from the time how much was found.
 */
function waitMs<A>(flow: Flow<A>, began: number): number {
  const { point, action } = flow;
  const asked = Math.min(point.settings().approvals.waitSeconds * 1000, action.waitMs ?? Number.POSITIVE_INFINITY);
  return looksFirst(flow) ? Math.max(asked, PREVIEW_MS) - since(flow, began) : asked;
}

/** A refusal that comes after a look at the effect comes when it would have come after any other. */
async function evenTime<A>(flow: Flow<A>, began: number): Promise<void> {
  if (!looksFirst(flow)) return;
  await new Promise((resolve) => setTimeout(resolve, PREVIEW_MS - since(flow, began)));
}

function looksFirst<A>({ effector, action }: Flow<A>): boolean {
  return effector.preview !== undefined && action.approval === undefined;
}

function since<A>({ point }: Flow<A>, began: number): number {
  return Math.min(Math.max(0, point.now() - began), PREVIEW_MS);
}

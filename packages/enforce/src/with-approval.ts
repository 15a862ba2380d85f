import { type ApprovalId, type Call, type Decision, type RefusalCode, denied } from "@countersign/core";
import { discharge } from "./countersigned.ts";
import { type Flow, decideNow } from "./flow.ts";

/** INV-1: decides again in full, with the signatures that this point verifies itself, as they stand now. */
export function decideWithApproval<A>(flow: Flow<A>, call: Call, id: ApprovalId): Decision {
  const approval = flow.point.replica.get("approval", id);
  if (approval === undefined)
    return denied("countersignature", "countersignature.void", "the approval is not known here");
  const found = discharge(flow.point, approval, {
    chain: flow.subject.chain,
    salt: flow.approvalSalt,
    preview: flow.preview,
    call,
    holds: flow.holds,
  });
  if (!found.ok) return decideRefused(flow, call, found);
  flow.approval = approval;
  flow.countersignature = { ok: true, holds: found.holds };
  flow.decided = null;
  return decideNow(flow, call);
}

/** A refused countersignature is named, unless the action fails at an earlier step anyway. */
function decideRefused<A>(flow: Flow<A>, call: Call, found: { code: RefusalCode; reason: string }): Decision {
  const decision = decideNow(flow, call);
  if (decision.result === "deny") return decision;
  return denied("countersignature", found.code, found.reason);
}

import { type Decision, type RefusalCode, type Step, denied } from "@countersign/core";
import type { Action, Ends } from "./action.ts";
import { carryOut } from "./carry-out.ts";
import { subjectOf } from "./drafts.ts";
import { isRefused, namesOf } from "./facts.ts";
import { type Flow, decideNow, decideState } from "./flow.ts";
import { hold } from "./hold.ts";
import type { EnforcementPoint } from "./point.ts";
import { refuse } from "./refuse.ts";

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
  if (decision.result === "hold" && flow.action.unheld === true)
    decision = denied(decision.step ?? "policy", "hold.unsupported_here", "nobody is asked about this");
  if (decision.result === "hold") {
    const settled = await hold(flow, call, decision);
    if (settled === null) return;
    decision = settled;
  }
  if (decision.result !== "permit") return await refuse(flow, decision);
  await carryOut(flow, call);
}

/** A call that could not even be formed still answers first for its credential. */
function refusedCall<A>(flow: Flow<A>, refused: { step: Step; code: RefusalCode; reason: string }): Decision {
  const { claims } = flow.action;
  if (!claims.ok) return denied("credential", claims.code, claims.reason);
  return denied(refused.step, refused.code, refused.reason);
}

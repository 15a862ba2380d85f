import { type Call, type Decision, type IntentId, type OutcomeStatus, denied, newId } from "@countersign/core";
import type { UpstreamAnswer } from "./action.ts";
import type { EntryDraft } from "./control-plane.ts";
import { type DraftParts, disclosureOf, draftEntry } from "./drafts.ts";
import { type Flow, decideNow, stepOf } from "./flow.ts";
import { outcomeOf } from "./outcome.ts";
import { refuse } from "./refuse.ts";
import { Sent } from "./sent.ts";
import { decideWithApproval } from "./with-approval.ts";

/** Sends a permitted action and releases its answer. */
export async function carryOut<A>(flow: Flow<A>, call: Call): Promise<void> {
  const { point, action, effector, live } = flow;
  const prepared = await effector.prepare(call, action.signal);
  if (!prepared.ok) return await refuse(flow, denied(stepOf(prepared.code), prepared.code, prepared.reason));
  if (action.signal.aborted)
    return await refuse(flow, denied("upstream", "upstream.timeout", "the client cancelled before anything was done"));
  // INV-5: while all was made ready the approval may have ended, or its approver left.
  const decision = flow.approval === null ? decideNow(flow, call) : decideWithApproval(flow, call, flow.approval.id);
  if (decision.result !== "permit") return await refuse(flow, decision);

  const intent = newId("int", point.now(), point.random);
  const entry = draftEntry(flow, "action.intent", intentParts(flow, decision, intent));
  const recording = record(flow, entry, call);
  live.intent = intent;
  if (call.effect !== "read" || flow.approval !== null) {
    // INV-6: an intent with an effect is durable before its first byte goes upstream. INV-5: so is the use of an approval.
    const recorded = await recording;
    if (recorded !== null) return await refuse(flow, recorded);
    live.state = "recorded";
  }
  const gate = decideNow(flow, call);
  if (gate.result !== "permit") return await giveUp(flow, { recording, intent }, gate);
  const sent = new Sent(flow, call, recording);
  live.state = "sent";
  const answer = await sent.answered(
    prepared.write((partial) => sent.partial(partial)),
    prepared.cancel,
  );
  await finish(flow, call, { intent, recording, answer, sent });
}

function intentParts<A>(flow: Flow<A>, decision: Decision, intent: IntentId): DraftParts {
  return { decision, intent, ...(flow.approval === null ? {} : { approval: flow.approval.id }) };
}

/** Makes the intent durable; answers the refusal when it may not be recorded. */
async function record<A>(flow: Flow<A>, entry: EntryDraft, call: Call): Promise<Decision | null> {
  const { point, subject, approval } = flow;
  const disclosure = disclosureOf(entry, subject);
  try {
    const recorded = await point.controlPlane.record({
      point: point.id,
      entry,
      ...(disclosure === undefined ? {} : { disclosure }),
      ...(call.effect === "read" ? {} : { guard: { resource: call.resource } }),
      ...(approval === null ? {} : { consume: { approval: approval.id, version: approval.version } }),
    });
    if (recorded.ok) return null;
    const reason = `the control plane refused the intent: ${recorded.code}`;
    const refused = denied(stepOf(recorded.code), recorded.code, reason);
    return recorded.brake === undefined ? refused : { ...refused, brake: recorded.brake };
  } catch (error) {
    point.log.error({ err: error }, "intent not recorded");
    return denied("ledger", "ledger.unavailable", "the ledger cannot be written, so nothing was done");
  }
}

interface Ending<A> {
  readonly intent: IntentId;
  readonly recording: Promise<Decision | null>;
  readonly answer: UpstreamAnswer<A> | null;
  readonly sent: Sent<A>;
}

/** Records the outcome, then releases the answer if everything still holds. */
async function finish<A>(flow: Flow<A>, call: Call, ending: Ending<A>): Promise<void> {
  const { live, releaser } = flow;
  const { answer, intent } = ending;
  if (answer !== null) live.state = "answered";
  const unrecorded = await ending.recording;
  if (unrecorded !== null) {
    live.settle("withheld");
    return await refuse(flow, unrecorded);
  }
  const before = decideNow(flow, call);
  const status = statusOf(flow, answer, before);
  const failed = await recordOutcome(flow, outcomeEntry(flow, { intent, answer, status, before }));
  // INV-3, INV-6: the last look is in the same tick as the release.
  const last = failed ?? (before.result === "permit" ? decideNow(flow, call) : before);
  if (last.result !== "permit") {
    live.settle(status === "unknown" ? "unknown" : "withheld");
    return await refuse(flow, last);
  }
  if (answer === null) {
    live.settle("unknown");
    return;
  }
  if (!answer.ok) {
    live.settle("unknown");
    return await refuse(flow, denied("upstream", answer.code, answer.reason));
  }
  live.settle(null);
  releaser.answer(answer.value);
}

interface Seen<A> extends Pick<Ending<A>, "intent" | "answer"> {
  readonly status: OutcomeStatus;
  readonly before: Decision;
}

function outcomeEntry<A>(flow: Flow<A>, { intent, answer, status, before }: Seen<A>): EntryDraft {
  const outcome = outcomeOf(status, answer?.ok === true ? answer.bytes : null, flow.subject.salt);
  const cause = before.result === "permit" ? {} : { cause: { code: before.code, brake: before.brake ?? null } };
  return draftEntry(flow, "action.outcome", { intent, outcome, ...cause });
}

function statusOf<A>(flow: Flow<A>, answer: UpstreamAnswer<A> | null, now: Decision): OutcomeStatus {
  if (answer === null) return flow.live.mark === null ? "unobserved" : "unknown";
  if (!answer.ok) return "unknown";
  return now.result === "permit" ? answer.status : "withheld";
}

async function recordOutcome<A>(flow: Flow<A>, entry: EntryDraft): Promise<Decision | null> {
  try {
    const recorded = await flow.point.controlPlane.record({ point: flow.point.id, entry });
    if (recorded.ok) {
      flow.point.controlPlane.touch(flow.subject.chain);
      return null;
    }
  } catch (error) {
    flow.point.log.error({ err: error }, "outcome not recorded");
  }
  return denied("ledger", "ledger.unavailable", "the outcome could not be recorded, so the answer is withheld");
}

/** A stop came between the record of an intent and its sending: nothing was sent, and the ledger says so. */
async function giveUp<A>(
  flow: Flow<A>,
  { recording, intent }: Pick<Ending<A>, "recording" | "intent">,
  decision: Decision,
): Promise<void> {
  flow.live.settle("not_sent");
  if ((await recording) === null) {
    const outcome = outcomeOf("withheld", null, flow.subject.salt);
    const cause = { code: decision.code, brake: decision.brake ?? null, sent: false };
    await recordOutcome(flow, draftEntry(flow, "action.outcome", { intent, outcome, cause }));
  }
  await refuse(flow, decision);
}

import {
  type Call,
  type Decision,
  type IntentId,
  type Json,
  type OutcomeStatus,
  denied,
  isOwnHands,
  newId,
} from "@countersign/core";
import type { Exchange, UpstreamAnswer } from "./action.ts";
import type { EntryDraft } from "./control-plane.ts";
import { type DraftParts, draftEntry } from "./drafts.ts";
import { type Flow, decideNow, stepOf } from "./flow.ts";
import type { LiveAction } from "./live.ts";
import { holdAnew } from "./hold.ts";
import { IntentRecord, mayWait } from "./intent-record.ts";
import { askedOf, outcomeOf } from "./outcome.ts";
import { refuse } from "./refuse.ts";
import { Sent } from "./sent.ts";
import { decideWithApproval } from "./with-approval.ts";

/** Sends a permitted action and releases its answer. */
export async function carryOut<A>(flow: Flow<A>, call: Call): Promise<void> {
  const { point, action, effector, live } = flow;
  const { preview } = flow;
  const prepared = await effector.prepare(call, action.signal, preview === undefined ? undefined : { preview });
  if (!prepared.ok) return await refuse(flow, denied(stepOf(prepared.code), prepared.code, prepared.reason));
  if (action.signal.aborted)
    return await refuse(flow, denied("upstream", "upstream.timeout", "the client cancelled before anything was done"));
  // INV-5: while all was made ready the approval may have ended, or its approver left.
  const decision = flow.approval === null ? decideNow(flow, call) : decideWithApproval(flow, call, flow.approval.id);
  if (decision.result !== "permit") return await refuse(flow, decision);

  const intent = newId("int", point.now(), point.random);
  const record = new IntentRecord(flow, call, () =>
    draftEntry(flow, "action.intent", intentParts(flow, decision, intent)),
  );
  begun(flow, intent);
  if (!mayWait(flow, call)) {
    // INV-6: an intent with an effect is durable before its first byte goes upstream. INV-5: so is the use of an approval.
    const recorded = await record.durable();
    if (recorded !== null) return await refuse(flow, recorded);
    live.state = "recorded";
  }
  const gate = decideNow(flow, call);
  if (gate.result !== "permit") return await giveUp(flow, { record, intent }, gate);
  const sent = new Sent(flow, call, record);
  live.state = "sent";
  const answering = prepared.write(
    (partial) => sent.partial(partial),
    () => sent.permitted(),
    async (cause) => await noted(flow, intent, cause),
  );
  record.draft();
  const answer = await sent.answered(answering, prepared.cancel);
  const ending = { intent, record, answer, asked: prepared.exchanged?.() ?? [] };
  if (isOwnHands(call)) await noteHands(flow, call, ending);
  else await finish(flow, call, ending);
}

function begun<A>({ live, effector }: Flow<A>, intent: IntentId): void {
  live.intent = intent;
  effector.intended?.(intent);
}

function intentParts<A>(flow: Flow<A>, decision: Decision, intent: IntentId): DraftParts {
  return { decision, intent, ...(flow.approval === null ? {} : { approval: flow.approval.id }) };
}

/**
 * Until a second outcome of the same intent follows, what became of it is unknown, and `cause` says where to look. Nothing of this is told to
 * the agent. Never rejects.
 */
async function noted<A>(flow: Flow<A>, intent: IntentId, cause: Json): Promise<boolean> {
  const { point, subject } = flow;
  const outcome = outcomeOf("unknown", null, subject.salt);
  const entry = draftEntry(flow, "action.outcome", { intent, outcome, cause });
  try {
    return (await point.controlPlane.record({ point: point.id, entries: [entry] })).ok;
  } catch (error) {
    point.log.error({ err: error }, "an outcome to be found out was not recorded");
    return false;
  }
}

interface Ending<A> {
  readonly intent: IntentId;
  readonly record: IntentRecord<A>;
  readonly answer: UpstreamAnswer<A> | null;
  readonly asked: readonly Exchange[];
}

/** Records what the client told of its own hands' work. That was never withheld from it, whatever happened meanwhile. */
async function noteHands<A>(flow: Flow<A>, call: Call, { intent, record, answer, asked }: Ending<A>): Promise<void> {
  const told = answer?.ok === true ? answer.status : "unknown";
  const status = answer === null && flow.live.mark === null ? "unobserved" : told;
  await record.withOutcome(outcomeEntry(flow, { intent, answer, asked, status, before: decideNow(flow, call) }));
  flow.live.settle(answer === null ? "unknown" : null);
}

/** Records the outcome, then releases the answer if everything still holds. */
async function finish<A>(flow: Flow<A>, call: Call, ending: Ending<A>): Promise<void> {
  const { live } = flow;
  const { answer, asked, intent, record } = ending;
  noteAnswer(live, answer);
  const unrecorded = await record.begun();
  if (unrecorded !== null) {
    live.settle("withheld");
    return await refuse(flow, unrecorded);
  }
  const before = decideNow(flow, call);
  const status = statusOf(flow, answer, before);
  const failed = await record.withOutcome(outcomeEntry(flow, { intent, answer, asked, status, before }));
  // INV-3, INV-6: the last look is in the same tick as the release.
  const last = failed ?? (before.result === "permit" ? decideNow(flow, call) : before);
  if (last.result !== "permit") {
    live.settle(status === "unknown" || status === "rolled_back" ? status : "withheld");
    return await refuse(flow, last);
  }
  await released(flow, call, answer);
}

/** What is no answer leaves open what happened: it is reported as unknown, at the latest when the time is up. */
function noteAnswer(live: LiveAction, answer: UpstreamAnswer<unknown> | null): void {
  if (answer?.ok !== true) return;
  if (answer.status === "rolled_back") live.settle("rolled_back");
  else live.state = "answered";
}

/** Gives the client what it may have. In the tick of the last look. */
async function released<A>(flow: Flow<A>, call: Call, answer: UpstreamAnswer<A> | null): Promise<void> {
  const { live, releaser } = flow;
  if (answer?.ok === true) {
    live.settle(null);
    return releaser.answer(answer.value);
  }
  if (answer?.code === "countersignature.void") {
    live.settle("rolled_back");
    return await holdAnew(flow, call, answer.preview);
  }
  live.settle("unknown");
  if (answer !== null) await refuse(flow, denied("upstream", answer.code, answer.reason));
}

interface Seen<A> extends Pick<Ending<A>, "intent" | "answer" | "asked"> {
  readonly status: OutcomeStatus;
  readonly before: Decision;
}

function outcomeEntry<A>(flow: Flow<A>, { intent, answer, asked, status, before }: Seen<A>): EntryDraft {
  const { salt } = flow.subject;
  const outcome = outcomeOf(status, answer?.ok === true ? answer.bytes : null, salt);
  const cause = {
    ...(before.result === "permit" ? {} : { code: before.code, brake: before.brake ?? null }),
    ...(asked.length === 0 ? {} : { asked: askedOf(asked, salt) }),
  };
  return draftEntry(flow, "action.outcome", { intent, outcome, ...(Object.keys(cause).length === 0 ? {} : { cause }) });
}

function statusOf<A>(flow: Flow<A>, answer: UpstreamAnswer<A> | null, now: Decision): OutcomeStatus {
  if (answer === null) return flow.live.mark === null ? "unobserved" : "unknown";
  if (!answer.ok) return answer.code === "countersignature.void" ? "rolled_back" : "unknown";
  if (answer.status === "rolled_back") return answer.status;
  return now.result === "permit" ? answer.status : "withheld";
}

/** A stop came between the record of an intent and its sending: nothing was sent, and the ledger says so. */
async function giveUp<A>(
  flow: Flow<A>,
  { record, intent }: Pick<Ending<A>, "record" | "intent">,
  decision: Decision,
): Promise<void> {
  flow.live.settle("not_sent");
  const outcome = outcomeOf("withheld", null, flow.subject.salt);
  const cause = { code: decision.code, brake: decision.brake ?? null, sent: false };
  await record.withOutcome(draftEntry(flow, "action.outcome", { intent, outcome, cause }));
  await refuse(flow, decision);
}

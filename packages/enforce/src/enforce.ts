import {
  type Call,
  type Decision,
  type EntryId,
  type IntentId,
  type OutcomeStatus,
  type RefusalCode,
  type StateRecord,
  type Step,
  denied,
  newId,
} from "@countersign/core";
import { type DecideInput, decide } from "@countersign/policy";
import type { Action, Effector, Releaser, UpstreamAnswer } from "./action.ts";
import { type ApprovalEnd, awaitApproval } from "./await-approval.ts";
import type { EntryDraft, Held } from "./control-plane.ts";
import { discharge } from "./countersigned.ts";
import { type Subject, disclosureOf, draftEntry, refusalOf, subjectOf } from "./drafts.ts";
import { gatherFacts, isRefused } from "./facts.ts";
import type { LiveAction } from "./live.ts";
import { outcomeOf } from "./outcome.ts";
import type { EnforcementPoint } from "./point.ts";

/** Tries against a brake after which the task is severed (design 6). */
const BRAKE_TRIES = 3;
/** How long an upstream that was told to stop is listened to (design 7). */
const STOPPED_WAIT_MS = 1000;

interface Flow<A> {
  readonly point: EnforcementPoint;
  readonly action: Action;
  readonly effector: Effector<A>;
  readonly releaser: Releaser<A>;
  readonly subject: Subject;
  readonly live: LiveAction;
  /** What a valid countersignature contributes to the decision; set once the approval is found. */
  countersignature: DecideInput["countersignature"];
  approval: StateRecord<"approval"> | null;
  /** The last whole decision; it stands while nothing that it read has changed. */
  decided: { readonly decision: Decision; readonly revision: number; readonly until: number } | null;
}

/** Longest time for which a decision stands without being made again, in ms. */
const STANDS_MS = 1000;

/**
 * The only code that turns a decision into an effect, for every gateway (design 5):
 * decide → record intent → [hold → decide again in full → consume approval] → send → record outcome → release.
 *
 * Never rejects. Whatever fails ends in a refusal with a code (INV-2). The gates before a byte goes upstream and before one goes to the
 * agent are in the same tick as the write: `permitted()` then `write()`, `permitted()` then `answer()`.
 */
export async function enforce<A>(point: EnforcementPoint, action: Action, effector: Effector<A>, releaser: Releaser<A>): Promise<void> {
  const subject = subjectOf(point, action);
  const live = point.live.begin(subject.chain, subject.resource);
  const flow: Flow<A> = { point, action, effector, releaser, subject, live, countersignature: null, approval: null, decided: null };
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
  let decision = decideNow(flow, call);
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

/** One whole decision on the state of this tick. Marks and the lease come first: they need no policy. */
function decideNow<A>(flow: Flow<A>, call: Call): Decision {
  const { point, live } = flow;
  if (!point.lease.valid()) return denied("lease", "lease.lost", "this enforcement point has lost its lease; it denies until it is renewed");
  if (live.mark !== null) {
    const { code, brake } = live.mark;
    const word = code === "brake.frozen" ? "a freeze" : "a sever";
    return denied("brake", code, `${word} (${brake}) covers this action`, { brake });
  }
  const now = point.now();
  if (flow.decided !== null && flow.decided.revision === point.replica.revision && now < flow.decided.until) {
    return flow.decided.decision;
  }
  const input = gatherFacts(point, flow.action, call, flow.countersignature);
  const decision = decide(input);
  flow.decided = { decision, revision: point.replica.revision, until: standsUntil(input, now) };
  return decision;
}

/** The decision is made again when anything that it read changes (revision), when its task or agent ends, and at least each second. */
function standsUntil({ facts }: DecideInput, now: number): number {
  const ends = [facts.task?.terms.expiresAt, facts.agent?.terms.expiresAt].map((t) => (t === undefined ? now : Date.parse(t)));
  return Math.min(now + STANDS_MS, ...ends);
}

/** Waits for a human. Answers the decision to go on with, or null when the caller was already told to come back later. */
async function hold<A>(flow: Flow<A>, call: Call, decision: Decision): Promise<Decision | null> {
  const { point, action, subject } = flow;
  const named = action.approval === undefined ? null : point.replica.get("approval", action.approval);
  if (named !== null) {
    const ended = namedApprovalEnded(named);
    if (ended !== null) return ended;
  }
  const entry = draftEntry(point, "decision", subject, { decision });
  let held: Held;
  try {
    held = await point.controlPlane.hold({ point: point.id, entry, chain: subject.chain, call, decision });
  } catch (error) {
    point.log.error({ err: error }, "hold not recorded");
    return denied("ledger", "ledger.unavailable", "the hold could not be recorded, so nothing was done");
  }
  subject.salt = held.salt;
  if (held.state === "pending") {
    const end = await awaitApproval(flow, held.approval, point.settings().approvals.waitSeconds * 1000);
    if (end === "timeout" || end === "gone") {
      flow.live.settle("not_sent");
      if (end === "timeout") tellHeld(flow, decision, held);
      return null;
    }
  }
  return decideWithApproval(flow, call, held.approval);
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
  return denied("countersignature", code, `the approval is ${status}${cause === null ? "" : `: ${cause}`}`);
}

/** INV-1: decides again in full, now with the signatures that this point has verified itself. */
function decideWithApproval<A>(flow: Flow<A>, call: Call, id: Held["approval"]): Decision {
  const approval = flow.point.replica.get("approval", id);
  if (approval === undefined) return denied("countersignature", "countersignature.void", "the approval is not known here");
  const found = discharge(flow.point, approval, flow.subject.chain, call, flow.subject.salt);
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

async function carryOut<A>(flow: Flow<A>, call: Call): Promise<void> {
  const { point, action, effector, live, subject } = flow;
  const prepared = await effector.prepare(call, action.signal);
  if (!prepared.ok) return await refuse(flow, denied(stepOf(prepared.code), prepared.code, prepared.reason));
  if (action.signal.aborted) return await refuse(flow, denied("upstream", "upstream.timeout", "the client cancelled before anything was done"));
  const decision = decideNow(flow, call);
  if (decision.result !== "permit") return await refuse(flow, decision);

  const intent = newId("int", point.now(), point.random);
  const entry = draftEntry(point, "action.intent", subject, intentParts(flow, decision, intent));
  const recording = record(flow, entry, call);
  live.intent = intent;
  if (call.effect !== "read") {
    // INV-6: an intent with an effect is durable before its first byte goes upstream.
    const recorded = await recording;
    if (recorded !== null) return await refuse(flow, recorded);
    live.state = "recorded";
  }
  const gate = decideNow(flow, call);
  if (gate.result !== "permit") return await giveUp(flow, recording, intent, gate);
  const sent = new Sent(flow, call, recording);
  live.state = "sent";
  const answer = await sent.answered(prepared.write((partial) => sent.partial(partial)), prepared.cancel);
  await finish(flow, call, { intent, recording, answer, sent });
}

function intentParts<A>(flow: Flow<A>, decision: Decision, intent: IntentId): Parameters<typeof draftEntry>[3] {
  return { decision, intent, ...(flow.approval === null ? {} : { approval: flow.approval.id as Held["approval"] }) };
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
      ...(approval === null ? {} : { consume: { approval: approval.id as Held["approval"], version: approval.version } }),
    });
    if (recorded.ok) return null;
    const extra = recorded.brake === undefined ? {} : { brake: recorded.brake };
    return denied(stepOf(recorded.code), recorded.code, `the control plane refused the intent: ${recorded.code}`, extra);
  } catch (error) {
    point.log.error({ err: error }, "intent not recorded");
    return denied("ledger", "ledger.unavailable", "the ledger cannot be written, so nothing was done");
  }
}

/** What lies between the write and the answer. Partials wait until the intent is durable (INV-6) and stop at a mark. */
class Sent<A> {
  private durable: boolean | null = null;
  private readonly early: unknown[] = [];
  private readonly flow: Flow<A>;
  private readonly call: Call;

  constructor(flow: Flow<A>, call: Call, recording: Promise<Decision | null>) {
    this.flow = flow;
    this.call = call;
    void recording.then((refusal) => {
      this.durable = refusal === null;
      for (const partial of this.early.splice(0)) this.partial(partial);
    });
  }

  partial(partial: unknown): void {
    if (this.durable === null) {
      if (this.early.length < 1000) this.early.push(partial);
      return;
    }
    if (this.durable && this.flow.live.state === "sent" && decideNow(this.flow, this.call).result === "permit") {
      this.flow.releaser.partial(partial);
    }
  }

  /** The answer, or null when a stop or the client ended the wait. */
  async answered(answer: Promise<UpstreamAnswer<A>>, cancel: (reason: string) => void): Promise<UpstreamAnswer<A> | null> {
    const { live, action } = this.flow;
    const stop = new Promise<null>((resolve) => {
      const end = (reason: string, waitMs: number): void => {
        cancel(reason);
        setTimeout(() => resolve(null), waitMs).unref();
      };
      live.abandon = (): void => end("stopped", STOPPED_WAIT_MS);
      if (live.mark !== null) live.abandon(live.mark);
      const gone = (): void => end("the client cancelled", 0);
      if (action.signal.aborted) gone();
      else action.signal.addEventListener("abort", gone, { once: true });
    });
    const first = await Promise.race([answer, stop]);
    live.abandon = null;
    return first;
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
  const outcome = outcomeOf(status, answer !== null && answer.ok ? answer.bytes : null, flow.subject.salt);
  const entry = draftEntry(flow.point, "action.outcome", flow.subject, {
    intent,
    outcome,
    ...(before.result === "permit" ? {} : { cause: { code: before.code, brake: before.brake ?? null } }),
  });
  const failed = await recordOutcome(flow, entry);
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
async function giveUp<A>(flow: Flow<A>, recording: Promise<Decision | null>, intent: IntentId, decision: Decision): Promise<void> {
  flow.live.settle("not_sent");
  if ((await recording) === null) {
    const outcome = outcomeOf("withheld", null, flow.subject.salt);
    const cause = { code: decision.code, brake: decision.brake ?? null, sent: false };
    await recordOutcome(flow, draftEntry(flow.point, "action.outcome", flow.subject, { intent, outcome, cause }));
  }
  await refuse(flow, decision);
}

function stepOf(code: RefusalCode): Step {
  return code.slice(0, code.indexOf(".")) as Step;
}

/** Records a refusal and tells the caller. A refusal stands even when it is not recorded: then its entry is null. */
async function refuse<A>(flow: Flow<A>, decision: Decision): Promise<void> {
  const { subject, live, releaser } = flow;
  if (live.state !== "released") live.settle("not_sent");
  const entry = await recordRefusal(flow, decision);
  releaser.refusal(refusalOf(decision, entry), { action: subject.action, resource: subject.resource });
  if (decision.step === "brake") await countTry(flow, decision);
}

async function recordRefusal<A>({ point, subject }: Flow<A>, decision: Decision): Promise<EntryId | null> {
  const stranger = subject.chain.task === null;
  if (stranger && !point.strangers.take(point.now())) {
    // Without a credential anybody could fill the disk: what is not recorded is counted, and the next entry says how many.
    point.unrecorded += 1;
    return null;
  }
  const missed = stranger ? point.unrecorded : 0;
  const entry = draftEntry(point, "decision", subject, { decision, ...(missed === 0 ? {} : { cause: { unrecorded: missed } }) });
  const disclosure = disclosureOf(entry, subject);
  try {
    const recorded = await point.controlPlane.record({ point: point.id, entry, ...(disclosure === undefined ? {} : { disclosure }) });
    if (!recorded.ok) return null;
    point.unrecorded -= missed;
    return entry.id;
  } catch (error) {
    point.log.error({ err: error }, "refusal not recorded");
    return null;
  }
}

/** The third try against a brake severs the task: an agent that goes on against a stop has lost its task. */
async function countTry<A>(flow: Flow<A>, decision: Decision): Promise<void> {
  const { task } = flow.subject.chain;
  const { point } = flow;
  if (task === null || decision.brake === undefined || decision.code !== "brake.frozen") return;
  const tries = (point.brakeTries.get(task) ?? 0) + 1;
  point.brakeTries.set(task, tries);
  if (tries !== BRAKE_TRIES) return;
  try {
    await point.controlPlane.severTask(flow.subject.chain, decision.brake);
  } catch (error) {
    point.log.error({ err: error, task }, "task not severed");
    point.brakeTries.set(task, tries - 1);
  }
}

function tellHeld<A>(flow: Flow<A>, decision: Decision, held: Held): void {
  const refusal = refusalOf(decision, held.entry, held);
  flow.releaser.refusal(refusal, { action: flow.subject.action, resource: flow.subject.resource, approver: held.approver });
}

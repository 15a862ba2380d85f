import { type BrakeId, type Decision, type EntryId, plainText, severalOf } from "@countersign/core";
import { disclosureOf, draftEntry, refusalOf } from "./drafts.ts";
import type { Flow } from "./flow.ts";

/** Tries against a brake after which the task is severed (design 6). */
const BRAKE_TRIES = 3;
/** Most characters of a reason that the agent is told. */
const REASON_CHARS = 300;

/** Records a refusal and tells the caller. A refusal stands even when it is not recorded: then its entry is null. */
export async function refuse<A>(flow: Flow<A>, decision: Decision): Promise<void> {
  const { subject, live, releaser } = flow;
  if (live.state !== "released") live.settle("not_sent");
  const entry = await recordRefusal(flow, decision);
  const told = decision.brake === undefined ? decision : await withReason(flow, decision, decision.brake);
  releaser.refusal(refusalOf(told, entry), {
    action: subject.action,
    resource: subject.resource,
    ...severalOf(subject),
  });
  if (decision.step === "brake") await countTry(flow, decision);
}

/** Why it was stopped, for those who are stopped; the ledger keeps these words sealed with the stop itself. */
async function withReason<A>({ point }: Flow<A>, decision: Decision, brake: BrakeId): Promise<Decision> {
  try {
    const reason = await point.controlPlane.brakeReason(brake);
    return reason === null
      ? decision
      : { ...decision, reason: `${decision.reason}: ${plainText(reason, REASON_CHARS)}` };
  } catch (error) {
    point.log.error({ err: error, brake }, "stop not explained");
    return decision;
  }
}

async function recordRefusal<A>(flow: Flow<A>, decision: Decision): Promise<EntryId | null> {
  const { point, subject } = flow;
  const stranger = subject.chain.task === null;
  if (stranger && !point.strangers.take(point.now())) {
    // Without a credential anybody could fill the disk: what is not recorded is counted, and the next entry says how many.
    point.unrecorded += 1;
    return null;
  }
  const missed = stranger ? point.unrecorded : 0;
  const entry = draftEntry(flow, "decision", {
    decision,
    ...(missed === 0 ? {} : { cause: { unrecorded: missed } }),
  });
  const disclosure = disclosureOf(entry, subject);
  try {
    const recorded = await point.controlPlane.record({
      point: point.id,
      entries: [entry],
      ...(disclosure === undefined ? {} : { disclosure }),
    });
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

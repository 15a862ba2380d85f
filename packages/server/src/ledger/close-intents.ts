import {
  type Clock,
  type IntentId,
  type LedgerEntry,
  type PointId,
  type Random,
  newId,
  severalOf,
} from "@countersign/core";
import type { Entry, Store, StoredEntry } from "../store/index.ts";

/** Outcomes that are written at once. */
const BATCH = 256;

/** Who closes them: the point in whose name the outcomes are written, and what that takes. */
export interface Closing {
  readonly store: Store;
  readonly pointId: PointId;
  readonly now: Clock;
  readonly random: Random;
}

/**
 * Gives every intent of a point that has no outcome the outcome `unknown`, with the cause `{recovered: true}`: the process that could tell
 * is gone. Nothing is sent again. Only for a point that is known to act no more, or not to act yet: what other points have under way is
 * theirs. What a point has spooled it closes itself, in its spool. Returns the number of intents.
 */
export async function closeIntentsOf(closing: Closing, point: PointId): Promise<number> {
  const outcomes = await unknownOutcomes(closing, point);
  for (let at = 0; at < outcomes.length; at += BATCH) {
    await Promise.all(outcomes.slice(at, at + BATCH).map((outcome) => closing.store.commit({ entries: [outcome] })));
  }
  return outcomes.length;
}

/** The outcomes by which {@link closeIntentsOf} closes what is open now. */
export async function unknownOutcomes(closing: Closing, point: PointId): Promise<readonly Entry[]> {
  const open = (await closing.store.openIntents()).filter(({ body }) => {
    const entry = body as unknown as LedgerEntry;
    return entry.point === point && entry.spool === undefined;
  });
  return open.map((intent) => unknownOutcome(closing, intent));
}

function unknownOutcome({ pointId, now: clock, random }: Closing, stored: StoredEntry): Entry {
  const intent = stored.body as unknown as LedgerEntry & { readonly intent: IntentId };
  const now = clock();
  return {
    point: pointId,
    draft: {
      id: newId("ent", now, random),
      time: new Date(now).toISOString(),
      kind: "action.outcome",
      chain: intent.chain,
      agentProof: intent.agentProof,
      action: intent.action,
      resource: intent.resource,
      ...severalOf(intent),
      effect: intent.effect,
      argsCommitment: null,
      argsShown: null,
      decision: null,
      posture: null,
      risk: null,
      intent: intent.intent,
      outcome: { status: "unknown", resultCommitment: null, bytes: 0 },
      cause: { recovered: true },
    },
  };
}

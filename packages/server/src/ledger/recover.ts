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

export interface RecoverOptions {
  readonly store: Store;
  /** The point in whose name the outcomes are written. */
  readonly point: PointId;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * After a start: gives every intent that a crash cut off the outcome `unknown`, with the cause `{recovered: true}`. Nothing is sent
 * again. Must run before any point of this process acts. Returns the number of intents.
 */
export async function recover(options: RecoverOptions): Promise<number> {
  const open = await options.store.openIntents();
  for (let at = 0; at < open.length; at += BATCH) {
    await Promise.all(
      open.slice(at, at + BATCH).map((intent) => options.store.commit({ entries: [unknownOutcome(options, intent)] })),
    );
  }
  return open.length;
}

function unknownOutcome({ point, clock, random }: RecoverOptions, stored: StoredEntry): Entry {
  const intent = stored.body as unknown as LedgerEntry & { readonly intent: IntentId };
  const now = clock();
  return {
    point,
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

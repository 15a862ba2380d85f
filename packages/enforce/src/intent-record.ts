import { type Call, type Decision, denied, isOwnHands, reached } from "@countersign/core";
import type { EntryDraft, RecordRequest } from "./control-plane.ts";
import { disclosureOf } from "./drafts.ts";
import { type Flow, stepOf } from "./flow.ts";

/** How long the intent of a read waits for its outcome, in ms. */
const READ_WAITS_MS = 2;

/**
 * Whether the first byte may leave before the intent is durable. The answer to a hook sets the client's own hands free and is the last
 * byte that passes here, so that what it permits is recorded before it, reads too.
 */
export function mayWait<A>({ approval }: Pick<Flow<A>, "approval">, call: Call): boolean {
  return call.effect === "read" && approval === null && !isOwnHands(call);
}

/**
 * The record of one intent. That of a read needs to be durable only before the first byte for the agent (INV-6), so it waits a moment for
 * its outcome: recorded in one transaction, the two cost one sync. Every other intent is recorded at once.
 */
export class IntentRecord<A> {
  private readonly flow: Flow<A>;
  private readonly request: () => RecordRequest;
  private readonly waiting: NodeJS.Timeout | undefined;
  private recording: Promise<Decision | null> | null = null;

  constructor(flow: Flow<A>, call: Call, draft: () => EntryDraft) {
    this.flow = flow;
    let drafted: RecordRequest | undefined;
    this.request = () => (drafted ??= requestOf(flow, call, draft()));
    if (mayWait(flow, call)) this.waiting = setTimeout(() => void this.durable(), READ_WAITS_MS);
    else this.recording = recordIntent(flow, this.request);
  }

  /** Drafts an entry that waits: while the upstream works, so that it takes none of the agent's time. */
  draft(): void {
    this.request();
  }

  /** What became of a record that was begun; null also while it still waits for its outcome. Never rejects. */
  async begun(): Promise<Decision | null> {
    return await this.recording;
  }

  /** Begins the record if it waits; null once it is durable, else the refusal. Never rejects. */
  durable(): Promise<Decision | null> {
    clearTimeout(this.waiting);
    this.recording ??= recordIntent(this.flow, this.request);
    return this.recording;
  }

  /** Makes the outcome durable, and in the same transaction an intent that still waits; null then, else the refusal. Never rejects. */
  async withOutcome(outcome: EntryDraft): Promise<Decision | null> {
    clearTimeout(this.waiting);
    const { point, entries, ...intent } = this.request();
    if (this.recording === null) {
      const both = recordOutcome(this.flow, { ...intent, point, entries: [...entries, outcome] });
      this.recording = both;
      return await both;
    }
    return (await this.recording) ?? (await recordOutcome(this.flow, { point, entries: [outcome] }));
  }
}

function requestOf<A>({ point, subject, approval }: Flow<A>, call: Call, entry: EntryDraft): RecordRequest {
  const disclosure = disclosureOf(entry, subject);
  return {
    point: point.id,
    entries: [entry],
    ...(disclosure === undefined ? {} : { disclosure }),
    ...(call.effect === "read" ? {} : { guard: { resource: reached(call) } }),
    ...(approval === null ? {} : { consume: { approval: approval.id, version: approval.version } }),
  };
}

async function recordIntent<A>({ point }: Flow<A>, request: () => RecordRequest): Promise<Decision | null> {
  try {
    const recorded = await point.controlPlane.record(request());
    if (recorded.ok) return null;
    const reason = `the control plane refused the intent: ${recorded.code}`;
    const refused = denied(stepOf(recorded.code), recorded.code, reason);
    return recorded.brake === undefined ? refused : { ...refused, brake: recorded.brake };
  } catch (error) {
    point.log.error({ err: error }, "intent not recorded");
    return denied("ledger", "ledger.unavailable", "the ledger cannot be written, so nothing was done");
  }
}

async function recordOutcome<A>({ point, subject }: Flow<A>, request: RecordRequest): Promise<Decision | null> {
  try {
    const recorded = await point.controlPlane.record(request);
    if (recorded.ok) {
      point.controlPlane.touch(subject.chain);
      return null;
    }
  } catch (error) {
    point.log.error({ err: error }, "outcome not recorded");
  }
  return denied("ledger", "ledger.unavailable", "the outcome could not be recorded, so the answer is withheld");
}

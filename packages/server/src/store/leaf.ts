import { type Chain, type SpoolPlace, canonicalJson } from "@countersign/core";
import type { EntryDraft } from "@countersign/enforce";

/** A record as an entry names it: `digest` = base64url SHA-256 of JCS {kind, id, terms, state}. */
export interface NamedRecord {
  readonly kind: string;
  readonly id: string;
  readonly digest: string;
}
/** The text of a leaf around its two counters: head ‖ pointSeq ‖ middle ‖ taskSeq ‖ tail. */
export interface LeafPieces {
  readonly head: string;
  readonly middle: string;
  readonly tail: string;
}
export interface LeafInput {
  readonly point: string;
  readonly draft: EntryDraft;
  readonly records: readonly NamedRecord[];
  readonly spool?: SpoolPlace | undefined;
}

/**
 * The JCS form of a `LedgerEntry` (core), written member by member in its known order: RFC 8785 sorts the keys, so both
 * counters, which are taken only in the transaction, stand at known places. Throws a RangeError on what JSON can't carry.
 */
export function leafPieces({ point, draft, records, spool }: LeafInput): LeafPieces {
  const { approval, cause, intent, outcome } = draft;
  const head =
    `{"action":${text(draft.action)},"agentProof":${text(draft.agentProof)}` +
    (approval === undefined ? "" : `,"approval":${text(approval)}`) +
    `,"argsCommitment":${text(draft.argsCommitment)},"argsShown":${argsShown(draft)}` +
    (cause === undefined ? "" : `,"cause":${canonicalJson(cause)}`) +
    `,"chain":${chain(draft.chain)},"decision":${decision(draft)},"effect":${text(draft.effect)},"id":${text(draft.id)}` +
    (intent === undefined ? "" : `,"intent":${text(intent)}`) +
    `,"kind":${text(draft.kind)}` +
    (outcome === undefined ? "" : `,"outcome":${canonicalJson(outcome)}`) +
    `,"point":${text(point)},"pointSeq":`;
  const middle =
    `,"posture":${canonicalJson(draft.posture)}` +
    (records.length === 0 ? "" : `,"records":${canonicalJson(records)}`) +
    `,"resource":${text(draft.resource)}` +
    (draft.resources === undefined ? "" : `,"resources":${canonicalJson(draft.resources)}`) +
    `,"risk":${draft.risk === null ? "null" : canonicalJson(draft.risk)}` +
    (spool === undefined ? "" : `,"spool":{"hash":${text(spool.hash)},"seq":${String(spool.seq)}}`) +
    `,"taskSeq":`;
  return { head, middle, tail: `,"time":${text(draft.time)},"v":1}` };
}

function text(value: string | null): string {
  return value === null ? "null" : canonicalJson(value);
}

function chain({ human, device, agent, task }: Chain): string {
  return `{"agent":${text(agent)},"device":${text(device)},"human":${text(human)},"task":${text(task)}}`;
}

function argsShown({ argsShown: shown }: EntryDraft): string {
  return shown === null ? "null" : `{"hidden":${canonicalJson(shown.hidden)},"value":${canonicalJson(shown.value)}}`;
}

function decision({ decision: made }: EntryDraft): string {
  if (made === null) return "null";
  return (
    `{"code":${text(made.code)},"policyIds":${canonicalJson(made.policyIds)},"policySetHash":${text(made.policySetHash)},` +
    `"result":${text(made.result)},"step":${text(made.step)}}`
  );
}

import type { AnyRecord, Countersignature, Kind, StateRecord } from "@countersign/core";
import { digestOf } from "@countersign/credentials";

/** States out of which a record of that kind never comes: whoever wants more must propose, open or sign something new. */
const OVER: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  task: ["ended", "severed"],
  approval: ["consumed", "denied", "expired", "void"],
  policy: ["superseded"],
  mandate: ["revoked"],
  join: ["used", "ended"],
  point: ["removed"],
};

/** True when a record would revive what is over: a used approval, an ended task, a replaced policy set. */
export function revives(known: StateRecord | undefined, record: AnyRecord): boolean {
  const over = OVER[record.kind]?.includes(known?.state.status ?? "") === true;
  return over && known?.state.status !== record.state.status;
}

/** True when a record rests on a signature that is older than the one that is known: a step back that nobody signed now. */
export function stepsBack(known: StateRecord | undefined, record: AnyRecord): boolean {
  const [before, now] = [signatureOf(known), signatureOf(record)];
  if (before === null) return false;
  return now === null || Date.parse(now.signed.notBefore) < Date.parse(before.signed.notBefore);
}

/** True for a new record, and for one whose terms are still those with which it was made. */
export function sameTerms(known: StateRecord | undefined, record: AnyRecord): boolean {
  return known === undefined || digestOf(fixed(known)) === digestOf(fixed(record));
}

/** All terms but the program that joined a task last: it is told by the task's own client, and another is only ever held. */
function fixed({ kind, terms }: StateRecord): unknown {
  return kind === "task" ? { ...terms, runtime: null } : terms;
}

/** True when both records rest on one and the same signature. */
export function sameSignature(known: StateRecord | undefined, record: AnyRecord): boolean {
  const [before, now] = [signatureOf(known), signatureOf(record)];
  return before === null || now === null ? before === now : digestOf(before.signed) === digestOf(now.signed);
}

function signatureOf(record: StateRecord | undefined): Countersignature | null {
  const authority = record?.authority ?? null;
  return authority === null || authority === "genesis" ? null : authority;
}

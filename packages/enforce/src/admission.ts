import type { AnyRecord, BrakeScope, Change, Countersignature, HumanId, Kind, StateRecord } from "@countersign/core";
import type { KnownPasskey } from "@countersign/credentials";
import { digestOf, termsDigest, verifyCountersignature, verifyEvidence } from "@countersign/credentials";
import { revives, sameSignature, sameTerms, stepsBack } from "./finality.ts";
import type { Replica } from "./replica.ts";

/** Whether a record may be believed; `reason` is for the log and the operator. */
export type Admission = { readonly ok: true } | { readonly ok: false; readonly reason: string };
const YES: Admission = { ok: true };
const no = (reason: string): Admission => ({ ok: false, reason });

/**
 * INV-12: a point believes what loosens only when it sees the signature. Called for every record before it enters the replica;
 * whoever can write the database, but holds no administrator's passkey, changes nothing here.
 */
export function admit(record: AnyRecord, replica: Replica): Admission {
  const known = replica.get(record.kind, record.id);
  // What is older than what is known here changes nothing.
  if (known !== undefined && known.version >= record.version) return YES;
  if (revives(known, record))
    return no(`${record.kind} \`${record.id}\` is ${known?.state.status ?? "over"} and does not come back`);
  switch (record.kind) {
    case "root":
      return admitRoot(record, replica);
    case "human":
    case "passkey":
      return admitPerson(record, replica);
    case "policy":
    case "upstream":
    case "settings":
      if (stepsBack(known, record))
        return no(`the signature of ${record.kind} \`${record.id}\` is older than the one in force`);
      if (comesBack(known, record, replica)) return no(`upstream \`${record.id}\` was removed and not signed in again`);
      return record.authority === "genesis"
        ? admitGenesis(record, replica)
        : signedBy(record, replica, SIGNED_ACTS[record.kind]);
    case "agent":
      return admitAgent(record, replica);
    case "mandate":
      return admitMandate(record, replica);
    case "device":
      return admitDevice(record, replica);
    case "posture":
      return admitPosture(record, replica);
    case "brake":
      return admitBrake(record, replica);
    case "task":
      return admitTask(record, replica);
    case "approval":
      return sameTerms(known, record) ? YES : no(`the terms of ${record.kind} \`${record.id}\` were exchanged`);
    case "session":
    case "invite":
    case "join":
    case "spool":
      // Like a new task and a new approval they widen nothing: a task acts within its agent's signed scope, approvals carry signatures.
      return YES;
    case "point":
      // To join widens nothing; to be trusted with secrets does.
      return record.authority === null ? YES : signedBy(record, replica, ["point.trust"]);
    default:
      return record satisfies never;
  }
}

/** An upstream that was removed is in use again only by a signature of its own; before there is a first human, anything may be set up. */
function comesBack(known: StateRecord | undefined, record: AnyRecord, replica: Replica): boolean {
  if (record.kind !== "upstream" || known?.state.status !== "removed" || record.state.status !== "active") return false;
  return replica.get("root", "root") !== undefined && sameSignature(known, record);
}

const SIGNED_ACTS: Readonly<Record<"policy" | "upstream" | "settings", readonly Change["act"][]>> = {
  policy: ["policy.publish"],
  upstream: ["upstream.put", "client.connect"],
  settings: ["settings.put"],
};

function admitRoot(record: StateRecord<"root">, replica: Replica): Admission {
  const known = replica.get("root", "root");
  if (digestOf(record.terms.records) !== record.terms.genesis)
    return no("the digest of the first state does not fit it");
  if (!sameTerms(known, record)) return no("the first state was exchanged");
  return YES;
}

/** What was in force before the first human is bound by digest into the root; before there is a root, anything may be set up. */
function admitGenesis(record: AnyRecord, replica: Replica): Admission {
  const root = replica.get("root", "root");
  if (root === undefined || isBound(record, root)) return YES;
  return no(`${record.kind} \`${record.id}\` is not part of the signed first state`);
}

function isBound(record: AnyRecord, root: StateRecord<"root">): boolean {
  const digest = termsDigest(record.kind, record.id, record.terms);
  return root.terms.records.some((r) => r.kind === record.kind && r.id === record.id && r.termsDigest === digest);
}

/**
 * Whoever registered is only pending and signs nothing. In every other state a person and a passkey must be proved, also when they left:
 * what they signed before still counts.
 */
function admitPerson(record: StateRecord<"human"> | StateRecord<"passkey">, replica: Replica): Admission {
  const known = replica.get(record.kind, record.id);
  if (record.state.status === "pending") {
    const isNew = known === undefined || known.state.status === "pending";
    return isNew ? YES : no(`${record.kind} \`${record.id}\` was let in already`);
  }
  const wasOut = known !== undefined && known.state.status !== "active" && known.state.status !== "pending";
  if (record.state.status === "active" && wasOut) {
    if (sameSignature(known, record)) return no(`${record.kind} \`${record.id}\` left and was not signed in again`);
    return signedBy(record, replica, ["human.reinstate"]);
  }
  const root = replica.get("root", "root");
  if (root !== undefined && record.authority === "genesis" && isBound(record, root)) return YES;
  return signedBy(record, replica, ["human.add", "passkey.add", "human.reinstate"]);
}

/** Acts that put an agent's terms in force while it is not stopped. */
const WIDENING: readonly Change["act"][] = ["agent.create", "agent.reinstate", "agent.reassign", "client.connect"];

function admitAgent(record: StateRecord<"agent">, replica: Replica): Admission {
  const known = replica.get("agent", record.id);
  if (stepsBack(known, record)) return no(`the signature of agent \`${record.id}\` is older than the one in force`);
  if (record.state.status !== "active" && (known === undefined || sameSignature(known, record))) return YES;
  const stopped = known !== undefined && known.state.status !== "active";
  if (stopped && sameSignature(known, record)) return no(`agent \`${record.id}\` was stopped and not signed in again`);
  // INV-8: the loss of the owner is a latch that only a reassignment lifts.
  if (known?.state.status === "owner_lost") return signedBy(record, replica, ["agent.reassign"]);
  return signedBy(record, replica, stopped ? ["agent.reinstate"] : WIDENING);
}

/** Acts under which a device is enrolled. */
const ENROLLING: readonly Change["act"][] = ["session.open", "client.connect", "mandate.create"];

/** A mandate lasts as it was signed; revoking it needs no signature. */
function admitMandate(record: StateRecord<"mandate">, replica: Replica): Admission {
  if (!sameTerms(replica.get("mandate", record.id), record))
    return no(`the terms of mandate \`${record.id}\` were exchanged`);
  return record.state.status === "active" ? signedBy(record, replica, ["mandate.create"]) : YES;
}

/** A device is enrolled by its owner's own signature, under an act that names the device's key. */
function admitDevice(record: StateRecord<"device">, replica: Replica): Admission {
  if (record.state.status !== "active") return YES;
  const known = replica.get("device", record.id);
  if (known !== undefined && known.state.status !== "active") return no("a lost device does not come back");
  if (record.authority === null || record.authority === "genesis")
    return no(`device \`${record.id}\` was not enrolled by a signature`);
  const signature = record.authority;
  if (signature.signed.approver !== record.terms.owner)
    return no("the device was enrolled by someone who is not its owner");
  return verify(record, replica, { signature, acts: ENROLLING, byAdministrator: false });
}

/** A task acts within its agent's signed scope, so it needs no signature of its own; a person's own has no such bounds but those that are signed. */
function admitTask(record: StateRecord<"task">, replica: Replica): Admission {
  if (!sameTerms(replica.get("task", record.id), record))
    return no(`the terms of task \`${record.id}\` were exchanged`);
  return record.terms.agent === null ? signedBy(record, replica, ["task.open"]) : YES;
}

function admitPosture(record: StateRecord<"posture">, replica: Replica): Admission {
  const device = replica.get("device", record.id);
  if (device === undefined) return no("posture of an unknown device");
  // Its age is judged at each decision, not here.
  const expected = {
    device: device.id,
    jwk: device.terms.jwk,
    nonce: null,
    now: 8.64e15,
    maxAgeSeconds: Number.MAX_SAFE_INTEGER,
  };
  return verifyEvidence(record.terms.evidence, expected).ok
    ? YES
    : no("the posture report is not signed by its device");
}

/** A stop needs no signature; lifting one needs that of an administrator or of the human whose agents it stopped. */
function admitBrake(record: StateRecord<"brake">, replica: Replica): Admission {
  const known = replica.get("brake", record.id);
  // What a stop covers is fixed when it is made: a narrower one would lift the rest.
  if (!sameTerms(known, record)) return no(`brake \`${record.id}\` was exchanged`);
  if (record.state.status !== "thawed") return YES;
  const signature = record.authority;
  if (signature === null || signature === "genesis") return no(`brake \`${record.id}\` was lifted without a signature`);
  const owner = ownerOfScope(record.terms.scope, replica);
  const byAdministrator = owner !== signature.signed.approver;
  return verify(record, replica, { signature, acts: ["brake.thaw"], byAdministrator });
}

/** The human who is accountable for everything in a scope, or null when only an administrator answers for it. */
export function ownerOfScope(scope: BrakeScope, replica: Pick<Replica, "get">): HumanId | null {
  switch (scope.type) {
    case "agent":
      return replica.get("agent", scope.value)?.terms.owner ?? null;
    case "owner":
      return replica.get("human", scope.value)?.id ?? null;
    case "device":
      return replica.get("device", scope.value)?.terms.owner ?? null;
    case "task":
      return replica.get("task", scope.value)?.terms.human ?? null;
    case "all":
    case "resource":
      return null;
    default:
      return scope.type satisfies never;
  }
}

function signedBy(record: AnyRecord, replica: Replica, acts: readonly Change["act"][]): Admission {
  if (record.authority === null || record.authority === "genesis") {
    return no(`${record.kind} \`${record.id}\` lacks a countersignature`);
  }
  return verify(record, replica, { signature: record.authority, acts, byAdministrator: true });
}

/** A signature, and what it must be: for one of these acts, and that of an administrator or not. */
interface Demand {
  readonly signature: Countersignature;
  readonly acts: readonly Change["act"][];
  readonly byAdministrator: boolean;
}

function verify(record: AnyRecord, replica: Replica, { signature, acts, byAdministrator }: Demand): Admission {
  const root = replica.get("root", "root");
  if (root === undefined) return no("nobody can have signed yet");
  if (!acts.includes(signature.change.act)) return no(`the signature is for \`${signature.change.act}\``);
  const approver = replica.get("human", signature.signed.approver);
  if (approver === undefined || approver.state.status === "pending") return no("the signer was not let in");
  if (byAdministrator && !approver.terms.roles.includes("admin")) return no("the signer is not an administrator");
  const { origin, rpId, genesis } = root.terms;
  const passkeys = (id: string): KnownPasskey | undefined => {
    const passkey = replica.get("passkey", id);
    if (passkey === undefined || passkey.state.status === "pending") return undefined;
    return { human: passkey.terms.human, publicKey: passkey.terms.publicKey, counter: null };
  };
  const verified = verifyCountersignature(signature, { passkeys, now: null, origin, rpId, genesis, records: [record] });
  return verified.ok ? YES : no(`the signature of ${record.kind} \`${record.id}\` does not verify (${verified.fault})`);
}

/** Kinds in the order in which a snapshot is believed: those that prove others come first. People prove one another, so they share a rank. */
const RANK: Readonly<Record<Kind, number>> = {
  root: 0,
  human: 1,
  passkey: 1,
  settings: 2,
  policy: 2,
  upstream: 2,
  device: 3,
  posture: 4,
  agent: 4,
  mandate: 5,
  task: 5,
  brake: 6,
  session: 6,
  invite: 6,
  join: 6,
  point: 6,
  spool: 6,
  approval: 6,
};

/**
 * Applies records to the replica as far as they may be believed and returns those that may not. Within a rank it repeats until nothing more
 * is admitted, because a later administrator's signature may rest on an earlier one that stands behind it.
 */
export function admitAll(
  records: readonly AnyRecord[],
  replica: Replica,
): readonly { readonly record: AnyRecord; readonly reason: string }[] {
  let rest = records.toSorted((a, b) => RANK[a.kind] - RANK[b.kind] || a.version - b.version);
  for (;;) {
    const refused: { record: AnyRecord; reason: string }[] = [];
    for (const record of rest) {
      const admission = admit(record, replica);
      if (admission.ok) replica.apply(record);
      else refused.push({ record, reason: admission.reason });
    }
    if (refused.length === 0 || refused.length === rest.length) return refused;
    rest = refused.map((r) => r.record);
  }
}

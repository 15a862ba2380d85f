import { createHash } from "node:crypto";
import {
  type Call,
  type CallDigestInput,
  type Chain,
  type Hold,
  type Json,
  type Preview,
  type RefusalCode,
  type SignedAnswer,
  type SignedApproval,
  type StateRecord,
  approvalEndsAt,
  canonicalJson,
  covers,
  reached,
  riskLevelOf,
  severalOf,
} from "@countersign/core";
import type { KnownPasskey } from "@countersign/credentials";
import { argsCommitment, callDigest, verifyApproval } from "@countersign/credentials";
import { covered, onlyOnce } from "./bound.ts";
import type { EnforcementPoint } from "./point.ts";

/** What a valid countersignature discharges, or why it discharges nothing. */
export type Discharge =
  | {
      readonly ok: true;
      readonly approval: StateRecord<"approval">;
      readonly holds: readonly Pick<Hold, "policyId" | "policyHash">[];
    }
  | { readonly ok: false; readonly code: RefusalCode; readonly reason: string };

const refuse = (code: RefusalCode, reason: string): Discharge => ({ ok: false, code, reason });

/** Under what an approver is shown a call: the salt (base64url) of its commitments, and what it would do where that was found out. */
export interface ShownUnder {
  readonly salt: string;
  readonly preview?: Preview | undefined;
}

/** The digest that an approver of this call signs. */
export function digestOfCall(chain: Chain, call: Call, { salt, preview }: ShownUnder): string {
  const input: CallDigestInput = {
    agent: chain.agent,
    task: chain.task,
    device: chain.device,
    upstream: call.upstream,
    method: call.method,
    tool: call.tool,
    toolDefinitionHash: call.toolDefinitionHash,
    resource: call.resource,
    ...severalOf(call),
    argsCommitment: argsCommitment(salt, call.arguments),
    ...(preview === undefined ? {} : { preview: previewCommitment(salt, preview) }),
  };
  return callDigest(input);
}

/** The commitment to a preview: that of arguments, over what a call would do. */
export function previewCommitment(salt: string, preview: Preview): string {
  return argsCommitment(salt, preview as unknown as Json);
}

/** Exactly one call: who makes it, what it says, and under what it was shown. */
interface SaltedCall extends ShownUnder {
  readonly chain: Chain;
  readonly call: Call;
  /** What the policies of this point hold the call for: who must sign is read here, never from the stored approval. */
  readonly holds: readonly Hold[];
}

/**
 * INV-5: verifies every signature of an approval at the enforcement point itself, against the passkeys that it verified, for just this
 * call. A hold is discharged when as many different approvers as its quorum asks have signed it by name and hash. A passkey belongs to
 * one person, so different approvers are different passkeys.
 */
export function discharge(point: EnforcementPoint, approval: StateRecord<"approval">, held: SaltedCall): Discharge {
  const ended = endOf(approval, point.now()) ?? overtaken(point, approval, held) ?? uncovered(point, approval, held);
  if (ended !== null) return ended;
  const signers = new Map<string, Set<string>>();
  for (const answer of approval.state.answers) {
    if (!validAnswer(point, answer, { approval, held })) {
      return refuse("countersignature.void", "a signature of the approval does not verify");
    }
    for (const hold of answer.signed.holds) {
      const key = holdKey(hold);
      signers.set(key, (signers.get(key) ?? new Set()).add(answer.signed.approver));
    }
  }
  const discharged = held.holds.filter((hold) => (signers.get(holdKey(hold))?.size ?? 0) >= hold.quorum);
  return { ok: true, approval, holds: discharged };
}

/** Why an approval is over; null while it may count. */
function endOf(approval: StateRecord<"approval">, now: number): Discharge | null {
  const { state } = approval;
  if (state.status === "consumed") return refuse("countersignature.used", "the countersignature was used already");
  if (state.status === "expired" || approvalEndsAt(approval) <= now) {
    return refuse("countersignature.expired", "the countersignature has ended; the next try asks again");
  }
  if (state.status === "denied" || state.answers.some(({ signed }) => signed.decision !== "approve"))
    return refuse("countersignature.void", "a human denied this call");
  return state.status === "void" ? refuse("countersignature.void", "the countersignature no longer holds") : null;
}

/** What came after the question makes it void: a stop, also one that was lifted since, another policy set, a higher risk. */
function overtaken(point: EnforcementPoint, { terms }: StateRecord<"approval">, held: SaltedCall): Discharge | null {
  if (terms.policySetHash !== (point.evaluator?.policySetHash ?? "")) {
    return refuse("countersignature.void", "the policies changed since this was asked for; the next try asks again");
  }
  for (const brake of point.replica.all("brake")) {
    const after = Date.parse(brake.terms.at) >= Date.parse(terms.notBefore);
    if (after && covers(brake.terms.scope, held.chain, reached(held.call)))
      return refuse(
        "countersignature.void",
        `a stop (${brake.id}) came after this was asked for; the next try asks again`,
      );
  }
  if (terms.riskLevel !== riskLevelOf(point.riskOf(held.chain)))
    return refuse(
      "countersignature.void",
      "the risk is not what it was when this was asked for; the next try asks again",
    );
  return null;
}

/** Why the signatures are not about this call: one call by its digest, or those that a bound covers and the policies leave open. */
function uncovered(point: EnforcementPoint, approval: StateRecord<"approval">, held: SaltedCall): Discharge | null {
  const { terms, state } = approval;
  const [first] = state.answers;
  if (first?.signed.scope !== "task") {
    const digest = digestOfCall(held.chain, held.call, held);
    const same = terms.callDigest === digest && state.answers.every(({ signed }) => signed.callDigest === digest);
    return same ? null : refuse("countersignature.void", "the approval is for another call");
  }
  const { bound, uses } = first.signed;
  if (held.preview !== undefined)
    return refuse("countersignature.void", "an effect that was shown is signed each time; the next try asks again");
  const once = onlyOnce(held.call, held.holds, hasMapping(point, held.call));
  if (once !== null) return refuse("countersignature.void", `${once}; the next try asks again`);
  if (bound === undefined || !covered(bound, held)) {
    return refuse("countersignature.void", "the call is outside of what was signed for the task");
  }
  if ((state.used ?? 0) >= uses) return refuse("countersignature.used", "all uses that were signed are used up");
  const agreed = canonicalJson({ bound, uses });
  const sameForAll = state.answers.every(
    ({ signed }) => canonicalJson({ bound: signed.bound, uses: signed.uses }) === agreed,
  );
  return sameForAll ? null : refuse("countersignature.void", "the signatures are not about the same calls");
}

function hasMapping({ replica }: EnforcementPoint, { upstream, tool }: Call): boolean {
  const terms = replica.get("upstream", upstream)?.terms;
  // A statement is signed as it stands: no argument of it names its relations.
  return terms?.kind === "mcp" && Object.hasOwn(terms.resources, tool);
}

const holdKey = (hold: Pick<Hold, "policyId" | "policyHash">): string => `${hold.policyId}\n${hold.policyHash}`;

interface Judged {
  readonly approval: StateRecord<"approval">;
  readonly held: SaltedCall;
}

function validAnswer(
  point: EnforcementPoint,
  { signed, assertion }: SignedAnswer,
  { approval, held }: Judged,
): boolean {
  const { terms } = approval;
  const { chain, call } = held;
  const root = point.replica.get("root", "root");
  const approver = point.replica.get("human", signed.approver);
  if (root === undefined || approver?.state.status !== "active" || !mayApprove(signed, held, approver)) return false;
  if (!signed.nonce.startsWith(`${terms.nonce}.`) || signed.effect !== call.effect) return false;
  if (signed.policySetHash !== terms.policySetHash || signed.riskLevel !== terms.riskLevel) return false;
  if (!(["human", "device", "agent", "task"] as const).every((link) => signed[link] === chain[link])) return false;
  const { origin, rpId, genesis } = root.terms;
  const passkeys = (id: string): KnownPasskey | undefined => {
    const passkey = point.replica.get("passkey", id);
    if (passkey?.state.status !== "active") return undefined;
    return { human: passkey.terms.human, publicKey: passkey.terms.publicKey, counter: null };
  };
  const callDigest = signed.scope === "task" ? null : terms.callDigest;
  const trust = { passkeys, now: point.now(), origin, rpId, genesis };
  return verifyApproval({ signed, assertion, callDigest }, trust).ok;
}

/** Whether a person may sign each hold that they signed, by the policies of this point. */
function mayApprove(signed: SignedApproval, { chain, holds }: SaltedCall, approver: StateRecord<"human">): boolean {
  return signed.holds.every((named) => {
    const hold = holds.find((one) => holdKey(one) === holdKey(named));
    return hold === undefined || maySign(hold, chain.human, approver);
  });
}

/** Whether this person's signature may discharge a hold. The requester is refused where the hold says so. */
export function maySign(
  { approvers, notRequester }: Pick<Hold, "approvers" | "notRequester">,
  owner: string | null,
  approver: StateRecord<"human">,
): boolean {
  if (notRequester && approver.id === owner) return false;
  if (approvers === "owner") return approver.id === owner;
  return approver.terms.roles.some((role) => `role:${role}` === approvers);
}

/** Digest of what makes two tries the same call; never stored without a key (see the approvals module). */
export function callIdentity(chain: Chain, call: Call): string {
  const { upstream, method, tool, toolDefinitionHash, resource } = call;
  const named = { upstream, method, tool, toolDefinitionHash, resource, ...severalOf(call) };
  const same = { ...chain, ...named, arguments: call.arguments };
  return createHash("sha256").update(canonicalJson(same)).digest("base64url");
}

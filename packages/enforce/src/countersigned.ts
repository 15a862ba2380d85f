import { createHash } from "node:crypto";
import {
  type ApprovalTerms,
  type Call,
  type CallDigestInput,
  type Chain,
  type Hold,
  type RefusalCode,
  type StateRecord,
  canonicalJson,
} from "@countersign/core";
import type { KnownPasskey } from "@countersign/credentials";
import { argsCommitment, callDigest, verifyApproval } from "@countersign/credentials";
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

/** The digest that an approver of this call signs. */
export function digestOfCall(chain: Chain, call: Call, saltBase64url: string): string {
  const input: CallDigestInput = {
    agent: chain.agent,
    task: chain.task,
    device: chain.device,
    upstream: call.upstream,
    method: call.method,
    tool: call.tool,
    toolDefinitionHash: call.toolDefinitionHash,
    resource: call.resource,
    argsCommitment: argsCommitment(Buffer.from(saltBase64url, "base64url"), call.arguments),
  };
  return callDigest(input);
}

/** Exactly one call: who makes it, what it says, and the salt (base64url) under which its arguments were committed to. */
interface SaltedCall {
  readonly chain: Chain;
  readonly call: Call;
  readonly salt: string;
  /** What the policies of this point hold the call for: who must sign is read here, never from the stored approval. */
  readonly holds: readonly Hold[];
}

/**
 * INV-5: verifies every signature of an approval at the enforcement point itself, against the passkeys that it verified, for just this
 * call. A hold is discharged when as many different approvers as its quorum asks have signed it by name and hash.
 */
export function discharge(point: EnforcementPoint, approval: StateRecord<"approval">, held: SaltedCall): Discharge {
  const now = point.now();
  const { terms, state } = approval;
  const ended = endOf(approval, now);
  if (ended !== null) return ended;
  const digest = digestOfCall(held.chain, held.call, held.salt);
  if (terms.callDigest !== digest) return refuse("countersignature.void", "the approval is for another call");
  if (terms.policySetHash !== (point.evaluator?.policySetHash ?? "")) {
    return refuse("countersignature.void", "the policies changed since this was asked for; the next try asks again");
  }
  const signers = new Map<string, Set<string>>();
  for (const answer of state.answers) {
    if (answer.signed.decision !== "approve") return refuse("countersignature.void", "a human denied this call");
    if (answer.signed.callDigest !== digest || !validAnswer(point, answer, { terms, now, held })) {
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
function endOf({ terms, state }: StateRecord<"approval">, now: number): Discharge | null {
  if (state.status === "consumed") return refuse("countersignature.used", "the countersignature was used already");
  if (state.status === "expired" || Date.parse(terms.expiresAt) <= now) {
    return refuse("countersignature.expired", "the countersignature has ended; the next try asks again");
  }
  if (state.status === "denied") return refuse("countersignature.void", "a human denied this call");
  return state.status === "void" ? refuse("countersignature.void", "the countersignature no longer holds") : null;
}

const holdKey = (hold: Pick<Hold, "policyId" | "policyHash">): string => `${hold.policyId}\n${hold.policyHash}`;

type Answer = StateRecord<"approval">["state"]["answers"][number];

function validAnswer(
  point: EnforcementPoint,
  { signed, assertion }: Answer,
  { terms, now, held }: { readonly terms: ApprovalTerms; readonly now: number; readonly held: SaltedCall },
): boolean {
  const root = point.replica.get("root", "root");
  const approver = point.replica.get("human", signed.approver);
  if (
    root === undefined ||
    terms.callDigest === null ||
    approver?.state.status !== "active" ||
    !mayApprove(held, approver)
  )
    return false;
  if (signed.nonce !== terms.nonce || signed.policySetHash !== terms.policySetHash) return false;
  if (signed.effect !== held.call.effect) return false;
  if (signed.human !== terms.human || signed.agent !== terms.agent || signed.task !== terms.task) return false;
  const { origin, rpId, genesis } = root.terms;
  const passkeys = (id: string): KnownPasskey | undefined => {
    const passkey = point.replica.get("passkey", id);
    if (passkey?.state.status !== "active") return undefined;
    return { human: passkey.terms.human, publicKey: passkey.terms.publicKey, counter: null };
  };
  return verifyApproval({ signed, assertion, callDigest: terms.callDigest }, { passkeys, now, origin, rpId, genesis })
    .ok;
}

/** Whether a person is one of those whom every hold of an approval asks for. The requester is refused where a hold says so. */
function mayApprove({ chain, holds }: SaltedCall, approver: StateRecord<"human">): boolean {
  return holds.every((hold) => {
    if (hold.notRequester && approver.id === chain.human) return false;
    return isApprover(hold.approvers, chain.human, approver);
  });
}

export function isApprover(rule: string, owner: string | null, approver: StateRecord<"human">): boolean {
  if (rule === "owner") return approver.id === owner;
  if (rule.startsWith("role:")) return approver.terms.roles.some((role) => `role:${role}` === rule);
  return false;
}

/** Digest of what makes two tries the same call; never stored without a key (see the approvals module). */
export function callIdentity(chain: Chain, call: Call): string {
  const { upstream, method, tool, toolDefinitionHash, resource } = call;
  const same = { ...chain, upstream, method, tool, toolDefinitionHash, resource, arguments: call.arguments };
  return createHash("sha256").update(canonicalJson(same)).digest("base64url");
}

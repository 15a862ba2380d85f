import type { ApprovalDisplay, ApprovalOptions } from "@countersign/api";
import { AppError, type Change, type SignedApproval, type StateRecord } from "@countersign/core";
import { approvalChallenge, changeDigest, digestOf, termsDigest } from "@countersign/credentials";
import { isApprover } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import type { BuiltChange, ChangeKinds } from "./changes.ts";
import { type Approval, displayCall, displayChange } from "./display.ts";
import { readHeldCall } from "./hold.ts";
import { readPayload } from "./payload.ts";

/** What a person is about to sign: kept from the options to the assertion, so that just this is verified and done. */
export interface Pending {
  readonly signed: SignedApproval;
  readonly change: Change | null;
  readonly built: BuiltChange | null;
  readonly display: ApprovalDisplay;
  /** Version of the approval record that it was made from. */
  readonly version: number;
}

type Human = StateRecord<"human">;

/** What the page shows to this person, and for a change what it would put in force. */
export async function lookAt(
  kernel: Kernel,
  kinds: ChangeKinds,
  { approval, viewer }: { readonly approval: Approval; readonly viewer: Human },
): Promise<{ readonly display: ApprovalDisplay; readonly built: BuiltChange | null }> {
  const { change } = approval.terms;
  if (change === null) {
    const call = await readHeldCall(kernel, approval);
    if (call === null) throw new AppError("request.not_found", { detail: "the call behind this approval was erased" });
    return { display: await displayCall(kernel, approval, call), built: null };
  }
  const kind = kinds.get(change);
  const draft = await readPayload(kernel, approval);
  if (kind === undefined || draft === null)
    throw new AppError("request.not_found", { detail: "what was proposed here was erased" });
  const built = await kind.build(kernel, draft, viewer);
  return { display: await displayChange(kernel, approval, built), built };
}

/** Makes the exact object that this person would sign now. */
export async function prepareSigning(
  kernel: Kernel,
  kinds: ChangeKinds,
  request: {
    readonly approval: Approval;
    readonly approver: Human;
    readonly decision: "approve" | "deny";
    readonly scope: "once" | "task";
  },
): Promise<Pending> {
  const { approval, approver, decision, scope } = request;
  assertMayAnswer(kinds, approval, approver);
  if (scope !== "once") throw new AppError("request.invalid", { detail: "only the scope `once` can be signed here" });
  const { display, built } = await lookAt(kernel, kinds, { approval, viewer: approver });
  if (built !== null) await assertNewest(kernel, approval, built);
  const change = built === null ? null : changeOf(approval, built);
  const callDigest = change === null ? approval.terms.callDigest : changeDigest(change);
  const root = await kernel.store.get("root", "root");
  if (root === null || callDigest === null)
    throw new AppError("approval.changed", { detail: "this cannot be signed; ask again" });
  const { terms } = approval;
  const signed: SignedApproval = {
    decision,
    scope,
    callDigest,
    holds: terms.holds.map(({ policyId, policyHash, reason }) => ({ policyId, policyHash, reason })),
    effect: terms.effect,
    previewDigest: digestOf(display),
    human: terms.human,
    device: terms.device,
    agent: terms.agent,
    task: terms.task,
    approver: approver.id,
    policySetHash: terms.policySetHash,
    riskLevel: terms.riskLevel,
    uses: 1,
    notBefore: terms.notBefore,
    expiresAt: terms.expiresAt,
    nonce: terms.nonce,
    origin: root.terms.origin,
    genesis: root.terms.genesis,
  };
  return { signed, change, built, display, version: approval.version };
}

/** Points take no step back: a proposal that is older than what was signed for the same record since is made again. */
async function assertNewest(kernel: Kernel, { terms }: Approval, { bound }: BuiltChange): Promise<void> {
  for (const { kind, id } of bound) {
    const authority = (await kernel.store.get(kind, id))?.authority ?? null;
    if (authority === null || authority === "genesis" || authority.signed.notBefore <= terms.notBefore) continue;
    throw new AppError("approval.changed", {
      detail: "something newer was signed for this meanwhile; propose it again",
    });
  }
}

function changeOf(approval: Approval, built: BuiltChange): Change {
  const { change } = approval.terms;
  if (change === null) throw new AppError("internal.error");
  const records = built.bound.map(({ kind, id, terms }) => ({ kind, id, termsDigest: termsDigest(kind, id, terms) }));
  return { act: change, records };
}

/** INV-5: who may answer is a rule of the approval; the requester is refused where a hold says so. */
function assertMayAnswer(kinds: ChangeKinds, approval: Approval, approver: Human): void {
  if (mayAnswerApproval(kinds, approval, approver)) return;
  throw new AppError("approval.not_approver", { detail: `this needs the signature of ${approval.terms.approvers}` });
}

export function mayAnswerApproval(kinds: ChangeKinds, approval: Approval, approver: Human): boolean {
  if (approver.state.status !== "active") return false;
  const { terms } = approval;
  return terms.change === null ? mayAnswerCall(terms, approver) : mayAnswerChange(kinds, approval, approver);
}

function mayAnswerCall(terms: Approval["terms"], approver: Human): boolean {
  return terms.holds.every(
    (hold) => isApprover(hold.approvers, terms.human, approver) && !(hold.notRequester && approver.id === terms.human),
  );
}

function mayAnswerChange(kinds: ChangeKinds, { terms }: Approval, approver: Human): boolean {
  const kind = terms.change === null ? undefined : kinds.get(terms.change);
  if (kind === undefined) return false;
  switch (kind.approvers) {
    case "self":
      return true;
    case "role:admin":
      return approver.terms.roles.includes("admin");
    case "stopped-owner":
      return approver.terms.roles.includes("admin") || approver.id === terms.human;
    default:
      return kind.approvers satisfies never;
  }
}

/** Options for the browser: the challenge is the digest of what is signed. */
export async function optionsOf(kernel: Kernel, pending: Pending, rpId: string): Promise<ApprovalOptions> {
  const passkeys = await kernel.store.find("passkey", { owner: pending.signed.approver, status: "active" });
  return {
    signed: pending.signed,
    publicKey: {
      challenge: approvalChallenge(pending.signed),
      rpId,
      timeout: 120_000,
      userVerification: "required",
      allowCredentials: passkeys.map((p) => ({ type: "public-key", id: p.id, transports: p.terms.transports })),
    },
  };
}

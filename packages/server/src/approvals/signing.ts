import type { ApprovalDisplay, ApprovalOptions, ApprovalOptionsBody } from "@countersign/api";
import {
  AppError,
  type Change,
  type SignedApproval,
  type StateRecord,
  TASK_SCOPE,
  signedScope,
} from "@countersign/core";
import { approvalChallenge, changeDigest, digestOf, termsDigest } from "@countersign/credentials";
import { maySign } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import type { BuiltChange, ChangeKinds } from "./changes.ts";
import { displayCall, displayChange } from "./display.ts";
import { type Approval, readHeldCall, readPayload } from "./payload.ts";
import { askedBound, shownBound } from "./task-scope.ts";

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
export async function prepareSigning(kernel: Kernel, kinds: ChangeKinds, request: SigningRequest): Promise<Pending> {
  const { approval, approver, ask } = request;
  assertMayAnswer(kinds, approval, approver);
  assertSameScope(approval, ask);
  const { display, built } = await lookAt(kernel, kinds, { approval, viewer: approver });
  if (built !== null) await assertNewest(kernel, approval, built);
  const change = built === null ? null : changeOf(approval, built);
  const callDigest = change === null ? approval.terms.callDigest : changeDigest(change);
  if (callDigest === null) throw new AppError("approval.changed", { detail: "this cannot be signed; ask again" });
  const task = ask.scope === "task" ? await taskParts(kernel, request, display) : null;
  const shown = task?.display ?? display;
  const common = await commonParts(kernel, request, shown);
  const signed = task === null ? { ...common, callDigest } : { ...common, ...task.signed };
  return { signed, change, built, display: shown, version: approval.version };
}

interface SigningRequest {
  readonly approval: Approval;
  readonly approver: Human;
  readonly ask: ApprovalOptionsBody;
}

/** All of what is signed but what it covers: one call, one change, or a bound. */
async function commonParts(
  kernel: Kernel,
  { approval: { terms }, approver, ask }: SigningRequest,
  display: ApprovalDisplay,
): Promise<Omit<SignedApproval, "callDigest" | "bound">> {
  const root = await kernel.store.get("root", "root");
  if (root === null) throw new AppError("approval.changed", { detail: "this cannot be signed; ask again" });
  const holds =
    ask.decision === "deny" ? terms.holds : terms.holds.filter((hold) => maySign(hold, terms.human, approver));
  return {
    decision: ask.decision,
    scope: "once",
    holds: holds.map(({ policyId, policyHash, reason }) => ({ policyId, policyHash, reason })),
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
    // Each signature has a nonce of its own, and all of an approval begin alike.
    nonce: `${terms.nonce}.${Buffer.from(kernel.random(16)).toString("base64url")}`,
    origin: root.terms.origin,
    genesis: root.terms.genesis,
  };
}

/** What stands in the place of one call's digest, and what is shown of it. */
async function taskParts(
  kernel: Kernel,
  { approval, ask }: SigningRequest,
  display: ApprovalDisplay,
): Promise<{
  readonly display: ApprovalDisplay;
  readonly signed: Pick<SignedApproval, "scope" | "bound" | "uses" | "notBefore" | "expiresAt">;
}> {
  if (ask.decision === "deny") throw new AppError("request.invalid", { detail: "a denial has the scope `once`" });
  const call = await readHeldCall(kernel, approval);
  if (call === null) throw new AppError("request.invalid", { detail: "a change is signed with the scope `once`" });
  const { bound, uses } = await askedBound(kernel, { approval, call, ask });
  const now = kernel.now();
  const expiresAt = new Date(now + TASK_SCOPE.seconds * 1000).toISOString();
  return {
    display: { ...display, bound: shownBound(bound, uses) },
    signed: { scope: "task", bound, uses, notBefore: new Date(now).toISOString(), expiresAt },
  };
}

/** Whoever signs after another signs the same. */
function assertSameScope(approval: Approval, { decision, scope }: ApprovalOptionsBody): void {
  const first = signedScope(approval);
  if (decision === "deny" || first === null || first === scope) return;
  throw new AppError("approval.changed", { detail: `who signed first chose the scope \`${first}\`; sign that` });
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
  if (hasSigned(approval, approver))
    throw new AppError("approval.not_approver", {
      detail: "you have signed this already; another person must sign too",
    });
  throw new AppError("approval.not_approver", { detail: `this needs the signature of ${rulesOf(approval)}` });
}

function rulesOf({ terms }: Approval): string {
  const rules = terms.holds.map(({ approvers, notRequester }) =>
    notRequester ? `${approvers}, but not of who asked for it` : approvers,
  );
  return rules.length === 0 ? terms.approvers : [...new Set(rules)].join(" and ");
}

export function mayAnswerApproval(kinds: ChangeKinds, approval: Approval, approver: Human): boolean {
  if (approver.state.status !== "active" || hasSigned(approval, approver)) return false;
  const { terms } = approval;
  return terms.change === null ? mayAnswerCall(terms, approver) : mayAnswerChange(kinds, approval, approver);
}

export function hasSigned({ state }: Approval, { id }: Human): boolean {
  return state.answers.some(({ signed }) => signed.approver === id);
}

/** Whoever may sign one of the holds may answer: their signature discharges just those that they may sign. */
function mayAnswerCall(terms: Approval["terms"], approver: Human): boolean {
  return terms.holds.some((hold) => maySign(hold, terms.human, approver));
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

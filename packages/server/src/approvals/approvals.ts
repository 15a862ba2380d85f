import type {
  ApprovalDisplay,
  ApprovalOptions,
  ApprovalOptionsBody,
  ApprovalView,
  AssertionBody,
} from "@countersign/api";
import {
  AppError,
  type ApprovalId,
  type AssertionJson,
  type Chain,
  type ChangeAct,
  type HeldCall,
  type HumanId,
  type Json,
  type StateRecord,
  isId,
  newId,
  severalOf,
  signedScope,
} from "@countersign/core";
import type { Denial, Held, HoldRefused, HoldRequest } from "@countersign/enforce";
import { type Kernel, change, serverEntry, settingsOf } from "../kernel.ts";
import { SealedBoard } from "../sealed-board.ts";
import { type Put, withState } from "../store/index.ts";
import { recordAnswer, recordChange, verifyAnswer } from "./answer.ts";
import { isAskedByAnybody } from "./asked-by-anybody.ts";
import type { ChangeKinds } from "./changes.ts";
import { answered, causeText, denialOf, sealReason } from "./denial.ts";
import { mustBePending, stateAt, viewOf } from "./display.ts";
import { heldCallOf, holdCall } from "./hold.ts";
import { approverWords } from "./names.ts";
import { openProposal } from "./open-proposal.ts";
import { type Approval, payloadName, readDisplay, readPayload, sealPayload } from "./payload.ts";
import { Shown } from "./shown.ts";
import { type Pending, lookAt, mayAnswerApproval, optionsOf, prepareSigning } from "./signing.ts";
import { sweepApprovals } from "./sweep.ts";

type Human = StateRecord<"human">;

/** What a proposal leaves behind: where it can be signed. */
export interface Proposed {
  readonly approvalId: ApprovalId;
  readonly url: string;
  readonly expiresAt: string;
}

export interface Proposal {
  readonly act: ChangeAct;
  readonly draft: Json;
  readonly resource: string;
  /** The human that it is about, when one is. */
  readonly human?: HumanId | null;
}

/** How long prepared signatures are kept. */
const PREPARED_MS = 10 * 60_000;
/** How many approvals a list shows, and how many it looks at for them. */
const MOST_LISTED = 200;
const MOST_READ = 2000;

/** Held calls and changes that wait for a human's signature (design 5.2). */
export class Approvals {
  private readonly kernel: Kernel;
  private readonly kinds: ChangeKinds;
  private readonly shown: Shown;
  private readonly prepared: SealedBoard;

  constructor(kernel: Kernel, kinds: ChangeKinds) {
    this.kernel = kernel;
    this.kinds = kinds;
    this.shown = new Shown(kernel);
    this.prepared = new SealedBoard(kernel, "prepared", PREPARED_MS);
  }

  async hold(request: HoldRequest): Promise<Held | HoldRefused> {
    return await holdCall(this.kernel, request);
  }

  async heldCall(id: ApprovalId, chain: Chain): Promise<HeldCall | null> {
    return await heldCallOf(this.kernel, id, chain);
  }

  async denial(id: ApprovalId, chain: Chain): Promise<Denial | null> {
    return await denialOf(this.kernel, id, chain);
  }

  /** Proposes a change that loosens. It gives nothing until it is signed. */
  async propose(proposal: Proposal): Promise<Proposed> {
    const { kernel } = this;
    const settings = await settingsOf(kernel);
    const now = kernel.now();
    const id = newId("apr", now, kernel.random);
    const put = this.proposalRecord(id, proposal, now + settings.approvals.expirySeconds * 1000);
    await change(kernel, {
      expect: [{ kind: "approval", id, version: 0 }],
      put: [put],
      entries: [
        serverEntry(kernel, "approval", {
          action: "approval.open",
          resource: proposal.resource,
          approval: id,
          changes: [put],
        }),
      ],
      blobs: [await sealPayload(kernel, put, proposal.draft)],
    });
    return { approvalId: id, url: `${settings.publicUrl}/approve/${id}`, expiresAt: put.terms.expiresAt };
  }

  /** As {@link propose}, but what waits for its signature already is not proposed once more: for servers that all find the same to propose. */
  async proposeOnce(proposal: Proposal): Promise<Proposed> {
    return (await openProposal(this.kernel, proposal)) ?? (await this.propose(proposal));
  }

  private proposalRecord(
    id: ApprovalId,
    { act, resource, human }: Proposal,
    until: number,
  ): Put & { kind: "approval" } {
    const kind = this.kinds.get(act);
    if (kind === undefined) throw new AppError("internal.error");
    return {
      kind: "approval",
      id,
      terms: {
        subject: "change",
        callDigest: null,
        change: act,
        action: act,
        resource,
        effect: "write",
        argsCommitment: null,
        holds: [],
        approvers: kind.approvers,
        human: human ?? null,
        device: null,
        agent: null,
        task: null,
        policySetHash: "",
        riskLevel: "low",
        notBefore: new Date(this.kernel.now()).toISOString(),
        expiresAt: new Date(until).toISOString(),
        nonce: Buffer.from(this.kernel.random(32)).toString("base64url"),
        payload: payloadName(id),
        match: null,
      },
      state: { status: "pending", answers: [], intent: null, cause: null },
      authority: null,
    };
  }

  async get(id: string): Promise<Approval | null> {
    return await this.kernel.store.get("approval", id);
  }

  /** What a change proposes; null when it was erased. */
  async draft(approval: Approval): Promise<Json | null> {
    return await readPayload(this.kernel, approval);
  }

  stateOf(approval: Approval): Approval["state"]["status"] {
    return stateAt(approval, this.kernel.now());
  }

  /** As this person sees it. `onPage`: in their browser, where it counts as shown to them from now on. */
  async view(id: string, viewer: Human, onPage: boolean): Promise<ApprovalView> {
    const approval = await this.get(id);
    if (approval === null)
      throw new AppError("request.not_found", { detail: `there is no approval \`${id.slice(0, 40)}\`` });
    const view = await this.viewOf(approval, viewer);
    if (onPage && view.state === "pending") await this.shown.note(id, viewer.id);
    return view;
  }

  private async viewOf(approval: Approval, viewer: Human): Promise<ApprovalView> {
    const display = await this.displayOf(approval, viewer);
    return await viewOf(this.kernel, { approval, display, viewer: viewer.id });
  }

  /** What is over is shown as it was when it was answered: the state that it was about may be another one by now. */
  private async displayOf(approval: Approval, viewer: Human): Promise<ApprovalDisplay> {
    const answered =
      stateAt(approval, this.kernel.now()) === "pending" ? null : await readDisplay(this.kernel, approval);
    return answered ?? (await lookAt(this.kernel, this.kinds, { approval, viewer })).display;
  }

  /** Whether this person may answer, who may, and how it ended. */
  async standing(
    id: string,
    viewer: Human,
  ): Promise<{
    readonly mayAnswer: boolean;
    readonly approver: string;
    readonly outcome: { at: string; by: string | null; cause: string | null } | null;
  }> {
    const approval = await this.get(id);
    if (approval === null) throw new AppError("request.not_found");
    const state = stateAt(approval, this.kernel.now());
    const mayAnswer = state === "pending" && mayAnswerApproval(this.kinds, approval, viewer);
    const approver = await approverWords(this.kernel, approval);
    if (state === "pending") return { mayAnswer, approver, outcome: null };
    const { at, by } = await answered(this.kernel, approval);
    const outcome = { at, by, cause: await causeText(this.kernel, approval) };
    return { mayAnswer, approver, outcome };
  }

  /** Approvals in a state, newest first. What cannot be shown any more is left out. */
  async list(state: string | undefined, viewer: Human): Promise<readonly ApprovalView[]> {
    const now = this.kernel.now();
    const found = await this.kernel.store.find(
      "approval",
      state === undefined
        ? { limit: MOST_READ }
        : { status: state === "expired" ? "pending" : state, limit: MOST_READ },
    );
    // Anybody may ask to be signed in, and anybody's signature would do: only whoever has the link is to see it.
    const wanted = found
      .filter((a) => !isAskedByAnybody(a.terms) && (state === undefined || stateAt(a, now) === state))
      .slice(-MOST_LISTED);
    const views = await Promise.allSettled(wanted.map(async (approval) => await this.viewOf(approval, viewer)));
    return views.flatMap((v) => (v.status === "fulfilled" ? [v.value] : [])).toReversed();
  }

  async options(
    id: string,
    { approver, onPage }: { readonly approver: Human; readonly onPage: boolean },
    ask: ApprovalOptionsBody,
  ): Promise<ApprovalOptions> {
    const approval = await this.get(id);
    mustBePending(approval, this.kernel.now());
    const pending = await prepareSigning(this.kernel, this.kinds, { approval, approver, ask });
    if (onPage) await this.shown.note(id, approver.id);
    await this.prepared.post(preparedKey(id, approver, ask), pending as unknown as Json);
    const root = await this.kernel.store.get("root", "root");
    return await optionsOf(this.kernel, pending, root?.terms.rpId ?? "");
  }

  /** Takes a signature over exactly what {@link options} gave this person. */
  async answer(id: string, approver: Human, body: AssertionBody): Promise<{ readonly state: string }> {
    const approval = await this.get(id);
    mustBePending(approval, this.kernel.now());
    const key = preparedKey(id, approver, body);
    const pending = (await this.prepared.look(key)) as Pending | null;
    if (pending === null || !isStillMeant(pending, approval, body)) throw changedMeanwhile();
    const assertion = body.response as unknown as AssertionJson;
    const verified = await verifyAnswer(this.kernel, pending, assertion);
    // Only a signature that verifies uses it up: whoever holds a session alone can't spoil what its person is about to sign.
    if ((await this.prepared.take(key)) === null) throw changedMeanwhile();
    const tookMs = await this.shown.since(id, approver.id);
    const answer = { approval, pending, assertion, verified, tookMs, reason: body.reason ?? "" };
    const kind = approval.terms.change === null ? undefined : this.kinds.get(approval.terms.change);
    if (kind === undefined || body.decision === "deny") return { state: await recordAnswer(this.kernel, answer) };
    await recordChange(this.kernel, kind, answer);
    return { state: "consumed" };
  }

  /** Tightening needs no signature: anyone who may see an approval may deny it. `by` is a human's id or `local`. */
  async deny(id: string, by: string, reason: string): Promise<void> {
    const approval = await this.get(id);
    mustBePending(approval, this.kernel.now());
    const sealed = await sealReason(this.kernel, isId("hum", by) ? by : approval.terms.human, reason);
    const put = withState(approval, { ...approval.state, status: "denied", cause: sealed });
    await change(this.kernel, {
      expect: [{ kind: "approval", id: approval.id, version: approval.version }],
      put: [put],
      entries: [
        serverEntry(this.kernel, "approval", {
          action: "approval.deny",
          resource: approval.terms.resource,
          ...severalOf(approval.terms),
          approval: approval.id,
          cause: { by, reason: sealed as Json },
          changes: [put],
        }),
      ],
    });
  }

  /** Writes down which approvals are over. Called now and then; nothing rests on it. */
  async sweep(): Promise<void> {
    await sweepApprovals(this.kernel);
  }
}

function changedMeanwhile(): AppError {
  return new AppError("approval.changed", { detail: "load the page again and sign what it shows then" });
}

function preparedKey(id: string, { id: approver }: Human, { decision }: Pick<AssertionBody, "decision">): string {
  return `${id} ${approver} ${decision}`;
}

/** What was prepared is what is answered. Another person's signature on the same call in between changes nothing of it. */
function isStillMeant(pending: Pending, approval: Approval, { scope }: AssertionBody): boolean {
  const first = signedScope(approval);
  if (pending.signed.scope !== scope) return false;
  return approval.terms.change === null ? first === null || first === scope : pending.version === approval.version;
}

import type { ApprovalDisplay, ApprovalOptions, ApprovalView, AssertionBody } from "@countersign/api";
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
  newId,
} from "@countersign/core";
import type { Held, HoldRequest } from "@countersign/enforce";
import { type Kernel, change, serverEntry, settingsOf } from "../kernel.ts";
import { type Put, withState } from "../store/index.ts";
import { recordAnswer, recordChange, verifyAnswer } from "./answer.ts";
import type { ChangeKinds } from "./changes.ts";
import { type Approval, humanName, mustBePending, stateAt, viewOf } from "./display.ts";
import { approverWords, heldCallOf, holdCall } from "./hold.ts";
import { payloadName, readDisplay, readPayload, sealPayload } from "./payload.ts";
import { type Pending, lookAt, mayAnswerApproval, optionsOf, prepareSigning } from "./signing.ts";

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

/** How long prepared signatures are remembered, and how many. */
const PREPARED_MS = 10 * 60_000;
const MOST_PREPARED = 10_000;
/** How many approvals a list shows, and how many it looks at for them. */
const MOST_LISTED = 200;
const MOST_READ = 2000;

/** True for what is asked for before anybody is signed in on a machine. */
function isAskedByAnybody({ terms }: Approval): boolean {
  return terms.change === "session.open" || (terms.change === "client.connect" && terms.human === null);
}

/** Held calls and changes that wait for a human's signature (design 5.2). */
export class Approvals {
  private readonly kernel: Kernel;
  private readonly kinds: ChangeKinds;
  private readonly prepared = new Map<string, Pending & { readonly until: number }>();

  constructor(kernel: Kernel, kinds: ChangeKinds) {
    this.kernel = kernel;
    this.kinds = kinds;
  }

  async hold(request: HoldRequest): Promise<Held> {
    return await holdCall(this.kernel, request);
  }

  async heldCall(id: ApprovalId, chain: Chain): Promise<HeldCall | null> {
    return await heldCallOf(this.kernel, id, chain);
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

  async view(id: string, viewer: Human): Promise<ApprovalView> {
    const approval = await this.get(id);
    if (approval === null)
      throw new AppError("request.not_found", { detail: `there is no approval \`${id.slice(0, 40)}\`` });
    return viewOf(approval, await this.displayOf(approval, viewer), this.kernel.now());
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
    const last = (
      await this.kernel.store.entries({ record: { kind: "approval", id: approval.id }, limit: 1, reverse: true })
    )[0];
    const at = (last?.body as { time?: string } | undefined)?.time ?? approval.terms.expiresAt;
    const by = await humanName(this.kernel, approval.state.answers.at(-1)?.signed.approver ?? null);
    return { mayAnswer, approver, outcome: { at, by: by?.name ?? null, cause: approval.state.cause } };
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
      .filter((a) => !isAskedByAnybody(a) && (state === undefined || stateAt(a, now) === state))
      .slice(-MOST_LISTED);
    const views = await Promise.allSettled(
      wanted.map(async (approval) => {
        return viewOf(approval, await this.displayOf(approval, viewer), now);
      }),
    );
    return views.flatMap((v) => (v.status === "fulfilled" ? [v.value] : [])).toReversed();
  }

  async options(id: string, approver: Human, ask: Pick<AssertionBody, "decision" | "scope">): Promise<ApprovalOptions> {
    const approval = await this.get(id);
    mustBePending(approval, this.kernel.now());
    const pending = await prepareSigning(this.kernel, this.kinds, { approval, approver, ...ask });
    this.remember(`${id}\n${approver.id}\n${ask.decision}`, pending);
    const root = await this.kernel.store.get("root", "root");
    return await optionsOf(this.kernel, pending, root?.terms.rpId ?? "");
  }

  private remember(key: string, pending: Pending): void {
    const now = this.kernel.now();
    for (const [old, { until }] of this.prepared)
      if (until <= now || this.prepared.size >= MOST_PREPARED) this.prepared.delete(old);
    this.prepared.set(key, { ...pending, until: now + PREPARED_MS });
  }

  /** Takes a signature over exactly what {@link options} gave this person. */
  async answer(id: string, approver: Human, body: AssertionBody): Promise<{ readonly state: string }> {
    const key = `${id}\n${approver.id}\n${body.decision}`;
    const pending = this.prepared.get(key);
    const approval = await this.get(id);
    mustBePending(approval, this.kernel.now());
    if (pending === undefined || pending.version !== approval.version) {
      throw new AppError("approval.changed", { detail: "load the page again and sign what it shows then" });
    }
    const assertion = body.response as unknown as AssertionJson;
    const verified = await verifyAnswer(this.kernel, pending, assertion);
    this.prepared.delete(key);
    const answer = { approval, pending, assertion, verified, reason: body.reason ?? null };
    const kind = approval.terms.change === null ? undefined : this.kinds.get(approval.terms.change);
    if (kind === undefined || body.decision === "deny") return { state: await recordAnswer(this.kernel, answer) };
    await recordChange(this.kernel, kind, answer);
    return { state: "consumed" };
  }

  /** Tightening needs no signature: anyone who may see an approval may deny it. */
  async deny(id: string, by: string, reason: string): Promise<void> {
    const approval = await this.get(id);
    mustBePending(approval, this.kernel.now());
    const put = withState(approval, { ...approval.state, status: "denied", cause: reason });
    await change(this.kernel, {
      expect: [{ kind: "approval", id: approval.id, version: approval.version }],
      put: [put],
      entries: [
        serverEntry(this.kernel, "approval", {
          action: "approval.deny",
          resource: approval.terms.resource,
          approval: approval.id,
          cause: { by },
          changes: [put],
        }),
      ],
    });
  }

  /** Writes down which approvals have run out. Called now and then; nothing rests on it. */
  async sweep(): Promise<void> {
    const now = this.kernel.now();
    for (const status of ["pending", "approved"]) {
      for (const approval of await this.kernel.store.find("approval", { status })) {
        if (stateAt(approval, now) === "expired") await this.expire(approval);
      }
    }
  }

  private async expire(approval: Approval): Promise<void> {
    const put = withState(approval, { ...approval.state, status: "expired" });
    await this.kernel.store
      .commit({
        expect: [{ kind: "approval", id: approval.id, version: approval.version }],
        put: [put],
        entries: [
          serverEntry(this.kernel, "approval", {
            action: "approval.expire",
            resource: approval.terms.resource,
            approval: approval.id,
            changes: [put],
          }),
        ],
      })
      .then(
        (committed) =>
          committed.ok || this.kernel.log.debug({ approval: approval.id }, "approval changed before it ran out"),
      );
  }
}

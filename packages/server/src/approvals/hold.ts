import {
  type ApprovalId,
  type Chain,
  type HeldCall,
  type Hold,
  type Json,
  approvalEndsAt,
  newId,
  riskLevelOf,
  sameEffect,
  severalOf,
} from "@countersign/core";
import { argsCommitment } from "@countersign/credentials";
import {
  type Held,
  type HoldRefused,
  type HoldRequest,
  callIdentity,
  covered,
  digestOfCall,
} from "@countersign/enforce";
import { type Kernel, change, serverEntry, settingsOf } from "../kernel.ts";
import { type Commit, type Put, withState } from "../store/index.ts";
import { whyNotAsk } from "./attention.ts";
import { approverWords } from "./names.ts";
import { type Approval, payloadName, readHeldCall, sealPayload } from "./payload.ts";

/** Approvals of one task that are looked through for one that covers a call. */
const MOST_LOOKED_AT = 100;

/** Finds the approval that covers a call or that an identical one waits for, or makes one; records the hold either way. */
export async function holdCall(kernel: Kernel, request: HoldRequest): Promise<Held | HoldRefused> {
  const match = kernel.keys.match(callIdentity(request.chain, request.call));
  const known = (await findUsable(kernel, match, request)) ?? (await findCovering(kernel, request));
  let stale: Approval | null = null;
  if (known !== null) {
    const call = await readHeldCall(kernel, known);
    if (call !== null && isOvertaken(known, call, request)) stale = known;
    else if (call !== null) {
      const entry = { ...request.entry, approval: known.id };
      // What is approved already is not held again: the intent that uses it up is its record.
      if (known.state.status === "pending")
        await kernel.store.commit({ entries: [{ point: request.point, draft: entry }] });
      return await heldOf(kernel, known, { entry: entry.id, salt: call.salt, ...shownOf(call) });
    }
  }
  return (await whyNotAsk(kernel, request)) ?? (await newHold(kernel, request, { match, stale }));
}

/**
 * What was found out now is not what the human sees or has signed: they are asked anew. That nothing could be found out now overtakes nothing,
 * and what was signed as unknown stays signed.
 */
function isOvertaken({ state }: Approval, held: HeldCall, { preview }: HoldRequest): boolean {
  if (preview === undefined || preview.kind === "unknown") return false;
  const kept = held.preview ?? { kind: "unknown", reason: "" };
  if (kept.kind === "unknown") return state.status === "pending" && state.answers.length === 0;
  return !sameEffect(kept, preview);
}

function shownOf({ preview }: Pick<HoldRequest, "preview">): Pick<HoldRequest, "preview"> {
  return preview === undefined ? {} : { preview };
}

/** An approval answers for what it was asked for: not for other policies or holds, nor for a graver effect. */
function mayAnswerFor(approval: Approval, { call, decision }: HoldRequest, now: number): boolean {
  const { terms } = approval;
  return (
    approvalEndsAt(approval) > now &&
    terms.policySetHash === decision.policySetHash &&
    terms.effect === call.effect &&
    decision.holds.every((hold) =>
      terms.holds.some((one) => one.policyId === hold.policyId && one.policyHash === hold.policyHash),
    )
  );
}

async function findUsable(kernel: Kernel, match: string, request: HoldRequest): Promise<Approval | null> {
  const now = kernel.now();
  for (const status of ["approved", "pending"]) {
    const found = await kernel.store.find("approval", { key: match, status });
    const usable = found.findLast((approval) => mayAnswerFor(approval, request, now));
    if (usable !== undefined) return usable;
  }
  return null;
}

/** What was signed for the task and covers this call; the enforcement point looks at it again. */
async function findCovering(kernel: Kernel, request: HoldRequest): Promise<Approval | null> {
  const { chain, call } = request;
  // What was shown with its effect is signed each time.
  if (chain.task === null || request.preview !== undefined) return null;
  const now = kernel.now();
  const approved = await kernel.store.find("approval", { task: chain.task, status: "approved", limit: MOST_LOOKED_AT });
  for (const approval of approved.toReversed()) {
    const bound = approval.state.answers[0]?.signed.bound;
    if (bound === undefined || !mayAnswerFor(approval, request, now)) continue;
    const held = await readHeldCall(kernel, approval);
    if (held !== null && covered(bound, { call, salt: held.salt })) return approval;
  }
  return null;
}

interface NewHold {
  readonly match: string;
  /** The approval of the same call that this one takes the place of. */
  readonly stale: Approval | null;
}

async function newHold(kernel: Kernel, request: HoldRequest, { match, stale }: NewHold): Promise<Held> {
  const { chain, call, entry } = request;
  const salt = Buffer.from(kernel.random(32)).toString("base64url");
  const held: HeldCall = { ...call, salt, ...shownOf(request) };
  const put = await approvalOf(kernel, request, { match, salt });
  const { id } = put;
  const draft = { ...entry, approval: id };
  const opened = serverEntry(kernel, "approval", {
    chain,
    action: "approval.open",
    resource: call.resource,
    ...severalOf(call),
    approval: id,
    changes: [put],
  });
  const over = stale === null ? null : voided(kernel, stale);
  await change(kernel, {
    expect: [{ kind: "approval", id, version: 0 }, ...(over?.expect ?? [])],
    put: [put, ...(over?.put ?? [])],
    entries: [{ point: request.point, draft }, opened, ...(over?.entries ?? [])],
    blobs: [await sealPayload(kernel, put, held as unknown as Json)],
  });
  return await heldOf(kernel, { ...put, version: 0 }, { entry: draft.id, salt, ...shownOf(held) });
}

/** Ends an approval in the transaction that opens the one in its place. */
function voided(kernel: Kernel, approval: Approval): Required<Pick<Commit, "expect" | "put" | "entries">> {
  const { id, terms, version } = approval;
  const cause = "its effect would be another one now";
  const put = withState(approval, { ...approval.state, status: "void", cause });
  const { resource } = terms;
  const parts = { action: "approval.void", resource, ...severalOf(terms), approval: id, cause, changes: [put] };
  return {
    expect: [{ kind: "approval", id, version }],
    put: [put],
    entries: [serverEntry(kernel, "approval", parts)],
  };
}

/** The record that waits for its signatures. `salt` (base64url) hides the arguments in what is signed. */
async function approvalOf(
  kernel: Kernel,
  { chain, call, decision, entry, preview }: HoldRequest,
  { match, salt }: { readonly match: string; readonly salt: string },
): Promise<Put & { kind: "approval" }> {
  const settings = await settingsOf(kernel);
  const now = kernel.now();
  const id = newId("apr", now, kernel.random);
  const expirySeconds = Math.min(
    settings.approvals.expirySeconds,
    ...decision.holds.map((h) => h.expirySeconds ?? Number.POSITIVE_INFINITY),
  );
  return {
    kind: "approval",
    id,
    terms: {
      subject: "call",
      callDigest: digestOfCall(chain, call, { salt, preview }),
      change: null,
      action: call.action,
      resource: call.resource,
      ...severalOf(call),
      effect: call.effect,
      argsCommitment: argsCommitment(Buffer.from(salt, "base64url"), call.arguments),
      holds: decision.holds,
      approvers: approversOf(decision.holds),
      ...chain,
      policySetHash: decision.policySetHash,
      riskLevel: riskLevelOf(entry.risk ?? 0),
      notBefore: new Date(now).toISOString(),
      expiresAt: new Date(now + expirySeconds * 1000).toISOString(),
      nonce: Buffer.from(kernel.random(32)).toString("base64url"),
      payload: payloadName(id),
      match,
    },
    state: { status: "pending", answers: [], intent: null, cause: null },
    authority: null,
  };
}

function approversOf(holds: readonly Hold[]): string {
  return holds.some((h) => h.approvers !== "owner")
    ? (holds.find((h) => h.approvers !== "owner")?.approvers ?? "owner")
    : "owner";
}

async function heldOf(
  kernel: Kernel,
  approval: Approval,
  extra: Pick<Held, "entry" | "salt" | "preview">,
): Promise<Held> {
  const { publicUrl } = await settingsOf(kernel);
  return {
    approval: approval.id,
    state: approval.state.status === "approved" ? "approved" : "pending",
    url: `${publicUrl}/approve/${approval.id}`,
    approver: await approverWords(kernel, approval),
    ...extra,
  };
}

/** For `countersign_wait`: only the task that asked may have its call back. */
export async function heldCallOf(kernel: Kernel, id: ApprovalId, chain: Chain): Promise<HeldCall | null> {
  const approval = await kernel.store.get("approval", id);
  if (approval === null || approval.terms.task !== chain.task || approval.terms.agent !== chain.agent) return null;
  const held = await readHeldCall(kernel, approval);
  if (held === null) return null;
  // What it would do is for the human; a point is told of it when it holds the call.
  const { preview: _, ...call } = held;
  return call;
}

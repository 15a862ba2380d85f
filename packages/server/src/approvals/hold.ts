import {
  AppError,
  type ApprovalId,
  type Chain,
  type HeldCall,
  type Hold,
  type Json,
  type StateRecord,
  newId,
} from "@countersign/core";
import { argsCommitment } from "@countersign/credentials";
import { type Held, type HoldRequest, callIdentity, digestOfCall } from "@countersign/enforce";
import { type Kernel, change, serverEntry, settingsOf } from "../kernel.ts";
import type { Put } from "../store/index.ts";
import { humanName } from "./display.ts";
import { payloadName, readPayload, sealPayload } from "./payload.ts";

type Approval = StateRecord<"approval">;

/** Calls of one task that may wait for a human at a time. */
const MOST_WAITING = 100;

/** Finds the approval that an identical call already waits for or has, or makes one; records the hold either way. */
export async function holdCall(kernel: Kernel, request: HoldRequest): Promise<Held> {
  const match = kernel.keys.match(callIdentity(request.chain, request.call));
  const known = await findUsable(kernel, match, request);
  if (known !== null) {
    const call = await readHeldCall(kernel, known);
    if (call !== null) {
      const entry = { ...request.entry, approval: known.id };
      // What is approved already is not held again: the intent that uses it up is its record.
      if (known.state.status === "pending")
        await kernel.store.commit({ entries: [{ point: request.point, draft: entry }] });
      return await heldOf(kernel, known, { entry: entry.id, salt: call.salt });
    }
  }
  await assertRoom(kernel, request);
  return await newHold(kernel, request, match);
}

/** An agent that piles up questions is told to stop: nobody reads a hundred of them. @throws AppError `request.too_many` */
async function assertRoom(kernel: Kernel, { chain }: HoldRequest): Promise<void> {
  if (chain.task === null) return;
  const waiting = await kernel.store.find("approval", { task: chain.task, status: "pending", limit: MOST_WAITING });
  if (waiting.length < MOST_WAITING) return;
  const detail = `${String(MOST_WAITING)} calls of this task wait for a human already`;
  throw new AppError("request.too_many", { detail });
}

/** An approval answers for what it was asked for: not for other policies, nor for a graver effect. */
async function findUsable(kernel: Kernel, match: string, { call, decision }: HoldRequest): Promise<Approval | null> {
  const now = kernel.now();
  for (const status of ["approved", "pending"]) {
    const found = await kernel.store.find("approval", { key: match, status });
    const usable = found.findLast(
      ({ terms }) =>
        Date.parse(terms.expiresAt) > now &&
        terms.policySetHash === decision.policySetHash &&
        terms.effect === call.effect,
    );
    if (usable !== undefined) return usable;
  }
  return null;
}

async function newHold(kernel: Kernel, request: HoldRequest, match: string): Promise<Held> {
  const { chain, call, entry } = request;
  const salt = Buffer.from(kernel.random(32)).toString("base64url");
  const held: HeldCall = { ...call, salt };
  const put = await approvalOf(kernel, request, { match, salt });
  const { id } = put;
  const draft = { ...entry, approval: id };
  const opened = serverEntry(kernel, "approval", {
    chain,
    action: "approval.open",
    resource: call.resource,
    approval: id,
    changes: [put],
  });
  await change(kernel, {
    expect: [{ kind: "approval", id, version: 0 }],
    put: [put],
    entries: [{ point: request.point, draft }, opened],
    blobs: [await sealPayload(kernel, put, held as unknown as Json)],
  });
  return await heldOf(kernel, { ...put, version: 0 }, { entry: draft.id, salt });
}

/** The record that waits for its signatures. `salt` (base64url) hides the arguments in what is signed. */
async function approvalOf(
  kernel: Kernel,
  { chain, call, decision }: HoldRequest,
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
      callDigest: digestOfCall(chain, call, salt),
      change: null,
      action: call.action,
      resource: call.resource,
      effect: call.effect,
      argsCommitment: argsCommitment(Buffer.from(salt, "base64url"), call.arguments),
      holds: decision.holds,
      approvers: approversOf(decision.holds),
      ...chain,
      policySetHash: decision.policySetHash,
      riskLevel: "low",
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

async function heldOf(kernel: Kernel, approval: Approval, extra: Pick<Held, "entry" | "salt">): Promise<Held> {
  const { publicUrl } = await settingsOf(kernel);
  return {
    approval: approval.id,
    state: approval.state.status === "approved" ? "approved" : "pending",
    url: `${publicUrl}/approve/${approval.id}`,
    approver: await approverWords(kernel, approval),
    ...extra,
  };
}

/** Who may sign, in words. */
export async function approverWords(kernel: Kernel, { terms }: Approval): Promise<string> {
  if (terms.approvers === "self") return "any active person, for themselves";
  if (terms.approvers === "stopped-owner") return "an administrator, or the person whose agents are stopped";
  if (terms.approvers !== "owner") return terms.approvers.replace("role:", "a person with the role ");
  return (await humanName(kernel, terms.human))?.name ?? "the owner";
}

/** The exact call behind an approval, or null when it was erased. */
export async function readHeldCall(kernel: Kernel, approval: Approval): Promise<HeldCall | null> {
  if (approval.terms.subject !== "call") return null;
  return (await readPayload(kernel, approval)) as HeldCall | null;
}

/** For `countersign_wait`: only the task that asked may have its call back. */
export async function heldCallOf(kernel: Kernel, id: ApprovalId, chain: Chain): Promise<HeldCall | null> {
  const approval = await kernel.store.get("approval", id);
  if (approval === null || approval.terms.task !== chain.task || approval.terms.agent !== chain.agent) return null;
  return await readHeldCall(kernel, approval);
}

import type { ApprovalDisplay, ApprovalView, SigningProgress } from "@countersign/api";
import { AppError, type HeldCall, approvalEndsAt, canonicalJson, severalOf } from "@countersign/core";
import type { Kernel } from "../kernel.ts";
import { isTooFast, notesOn } from "./attention.ts";
import type { BuiltChange } from "./changes.ts";
import { causeText } from "./denial.ts";
import { holdWords, humanName } from "./names.ts";
import { type Approval, readHeldCall } from "./payload.ts";
import { shownPreview } from "./shown-preview.ts";
import { shownBound, taskOffer } from "./task-scope.ts";

const WORDS: Readonly<Record<string, string>> = {
  read: "read",
  write: "change",
  destructive: "destroy or overwrite",
  external: "act outside",
  unknown: "do something whose effect is not known",
};

async function chainNames(
  kernel: Kernel,
  terms: Approval["terms"],
): Promise<Pick<ApprovalDisplay, "human" | "device" | "agent" | "task">> {
  const device = terms.device === null ? null : await kernel.store.get("device", terms.device);
  const agent = terms.agent === null ? null : await kernel.store.get("agent", terms.agent);
  const task = terms.task === null ? null : await kernel.store.get("task", terms.task);
  return {
    human: await humanName(kernel, terms.human),
    device:
      device === null ? null : { id: device.id, name: (await kernel.keys.openText(device.terms.name)) ?? "(erased)" },
    agent: agent === null ? null : { id: agent.id, name: agent.terms.name },
    task: task === null ? null : { id: task.id, name: (await kernel.keys.openText(task.terms.purpose)) ?? "(erased)" },
  };
}

/** What the page shows of a held call: rendered from the bytes that are hashed. */
export async function displayCall(kernel: Kernel, approval: Approval, call: HeldCall): Promise<ApprovalDisplay> {
  const names = await chainNames(kernel, approval.terms);
  const who = `${names.agent?.name ?? "an agent"}, run by ${names.human?.name ?? "nobody"} on ${names.device?.name ?? "no device"}`;
  return {
    subject: "call",
    sentence: `${who}, wants to ${WORDS[call.effect] ?? "act"}: ${call.tool} on ${placesInWords(call)}`,
    ...names,
    action: call.action,
    resource: call.resource,
    ...severalOf(call),
    effect: call.effect,
    holds: shownHolds(approval),
    content: canonicalJson(call.arguments),
    argsCommitment: approval.terms.argsCommitment,
    expiresAt: approval.terms.expiresAt,
    ...(call.preview === undefined ? {} : { preview: shownPreview(call.preview) }),
  };
}

/** All places where they are few; how many more there are where they are not: each stands below the sentence. */
function placesInWords({ resource, resources }: HeldCall): string {
  if (resources === undefined) return resource;
  const [first = resource, second, third, ...more] = resources;
  if (more.length > 0) return `${first} and ${String(resources.length - 1)} more`;
  return [first, second, third].filter((name) => name !== undefined).join(" and ");
}

export async function displayChange(kernel: Kernel, approval: Approval, built: BuiltChange): Promise<ApprovalDisplay> {
  return {
    subject: "change",
    sentence: built.sentence,
    ...(await chainNames(kernel, approval.terms)),
    action: approval.terms.action,
    resource: approval.terms.resource,
    effect: approval.terms.effect,
    holds: shownHolds(approval),
    content: canonicalJson(built.shown),
    argsCommitment: null,
    expiresAt: approval.terms.expiresAt,
  };
}

function shownHolds({ terms }: Approval): ApprovalDisplay["holds"] {
  return terms.holds.map(({ policyId, policyHash, reason }) => ({ policyId, policyHash, reason }));
}

/** What the API tells of an approval to one person. */
export async function viewOf(
  kernel: Kernel,
  {
    approval,
    display,
    viewer,
  }: { readonly approval: Approval; readonly display: ApprovalDisplay; readonly viewer: string },
): Promise<ApprovalView> {
  const { terms, state } = approval;
  const now = stateAt(approval, kernel.now());
  const call = now === "pending" && terms.subject === "call" ? await readHeldCall(kernel, approval) : null;
  return {
    id: approval.id,
    state: now,
    callDigest: terms.callDigest,
    intent: state.intent,
    holds: display.holds,
    display,
    expiresAt: terms.expiresAt,
    progress: await progressOf(kernel, approval),
    task: call === null ? null : await taskOffer(kernel, approval, call),
    bound: signedBound(approval),
    notes: await notesOn(kernel, approval, viewer),
    cause: await causeText(kernel, approval),
    tooFast: state.answers.some((answer) => isTooFast(approval, answer)),
  };
}

async function progressOf(kernel: Kernel, { terms, state }: Approval): Promise<readonly SigningProgress[]> {
  return await Promise.all(
    terms.holds.map(async (hold) => {
      const signers = state.answers.filter(
        ({ signed }) =>
          signed.decision === "approve" &&
          signed.holds.some((one) => one.policyId === hold.policyId && one.policyHash === hold.policyHash),
      );
      const names = await Promise.all(signers.map(async ({ signed }) => await humanName(kernel, signed.approver)));
      return {
        policyId: hold.policyId,
        approvers: await holdWords(kernel, hold, terms.human),
        quorum: hold.quorum,
        signed: names.filter((name) => name !== null),
      };
    }),
  );
}

function signedBound(approval: Approval): ApprovalView["bound"] {
  const { bound, uses = 1, expiresAt = "" } = approval.state.answers[0]?.signed ?? {};
  if (bound === undefined) return null;
  const until = approval.state.status === "approved" ? new Date(approvalEndsAt(approval)).toISOString() : expiresAt;
  return { ...shownBound(bound, uses), used: approval.state.used ?? 0, until };
}

/** A pending approval whose time is up is expired, whether or not that is written down yet. */
export function stateAt(approval: Approval, now: number): Approval["state"]["status"] {
  const { status } = approval.state;
  const over = approvalEndsAt(approval) <= now;
  return over && (status === "pending" || status === "approved") ? "expired" : status;
}

export function mustBePending(approval: Approval | null, now: number): asserts approval is Approval {
  if (approval === null) throw new AppError("request.not_found", { detail: "there is no such approval" });
  const state = stateAt(approval, now);
  if (state !== "pending") throw new AppError("approval.not_pending", { detail: `the approval is ${state}` });
}

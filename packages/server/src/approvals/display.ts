import type { ApprovalDisplay, ApprovalView, Named } from "@countersign/api";
import { AppError, type HeldCall, type HumanId, type StateRecord, canonicalJson } from "@countersign/core";
import type { Kernel } from "../kernel.ts";
import type { BuiltChange } from "./changes.ts";

export type Approval = StateRecord<"approval">;

const WORDS: Readonly<Record<string, string>> = {
  read: "read",
  write: "change",
  destructive: "destroy or overwrite",
  external: "act outside",
  unknown: "do something whose effect is not known",
};

/** Name of a person, or what is left when the name was erased. */
export async function humanName(kernel: Kernel, id: HumanId | null): Promise<Named | null> {
  if (id === null) return null;
  const human = await kernel.store.get("human", id);
  const name = human === null ? null : await kernel.keys.openText(human.terms.name);
  return { id, name: name ?? "(erased)" };
}

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
    sentence: `${who}, wants to ${WORDS[call.effect] ?? "act"}: ${call.tool} on ${call.resource}`,
    ...names,
    action: call.action,
    resource: call.resource,
    effect: call.effect,
    holds: shownHolds(approval),
    content: canonicalJson(call.arguments),
    argsCommitment: approval.terms.argsCommitment,
    expiresAt: approval.terms.expiresAt,
  };
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

export function viewOf(approval: Approval, display: ApprovalDisplay, now: number): ApprovalView {
  return {
    id: approval.id,
    state: stateAt(approval, now),
    callDigest: approval.terms.callDigest,
    intent: approval.state.intent,
    holds: display.holds,
    display,
    expiresAt: approval.terms.expiresAt,
  };
}

/** A pending approval whose time is up is expired, whether or not that is written down yet. */
export function stateAt(approval: Approval, now: number): Approval["state"]["status"] {
  const { status } = approval.state;
  const over = Date.parse(approval.terms.expiresAt) <= now;
  return over && (status === "pending" || status === "approved") ? "expired" : status;
}

export function mustBePending(approval: Approval | null, now: number): asserts approval is Approval {
  if (approval === null) throw new AppError("request.not_found", { detail: "there is no such approval" });
  const state = stateAt(approval, now);
  if (state !== "pending") throw new AppError("approval.not_pending", { detail: `the approval is ${state}` });
}

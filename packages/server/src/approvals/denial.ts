import type { ApprovalId, Chain, Sealed } from "@countersign/core";
import type { Denial } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import { humanName } from "./names.ts";
import type { Approval } from "./payload.ts";

/** The words of the person who denied it, or what made it void; null without words, or when they were erased. */
export async function causeText(kernel: Kernel, { state }: Approval): Promise<string | null> {
  const { cause } = state;
  return cause === null || typeof cause === "string" ? cause : await kernel.keys.openText(cause);
}

/** A person's words about a denial, under that person's key; null without words. */
export async function sealReason(
  kernel: Kernel,
  person: Sealed["person"] | null,
  reason: string,
): Promise<Sealed | string | null> {
  if (reason === "") return null;
  return person === null ? reason : await kernel.keys.sealText(person, reason);
}

/** Who answered last and when, from the ledger. */
export async function lastAnswer(
  kernel: Kernel,
  { id, state, terms }: Approval,
): Promise<{ readonly at: string; readonly by: string | null }> {
  const [last] = await kernel.store.entries({ record: { kind: "approval", id }, limit: 1, reverse: true });
  const { time, cause } = (last?.body ?? {}) as { time?: string; cause?: { by?: unknown } | null };
  const given = cause?.by;
  const signer = state.answers.at(-1)?.signed.approver ?? null;
  return { at: time ?? terms.expiresAt, by: typeof given === "string" ? given : signer };
}

/** When it was answered last, and the names of who answered: of all who signed, or of the one who denied. */
export async function answered(
  kernel: Kernel,
  approval: Approval,
): Promise<{ readonly at: string; readonly by: string | null }> {
  const { at, by } = await lastAnswer(kernel, approval);
  const { status, answers } = approval.state;
  const signers = status === "approved" || status === "consumed" ? answers.map(({ signed }) => signed.approver) : [by];
  const names = await Promise.all(signers.map(async (one) => await answererName(kernel, one)));
  return { at, by: names.filter((name) => name !== null).join(" and ") || null };
}

/** For the agent: who denied its call and why. Only the task that asked is told. */
export async function denialOf(kernel: Kernel, id: ApprovalId, chain: Chain): Promise<Denial | null> {
  const approval = await kernel.store.get("approval", id);
  if (approval?.state.status !== "denied" || approval.terms.task !== chain.task || approval.terms.agent !== chain.agent)
    return null;
  return await denialText(kernel, approval);
}

export async function denialText(kernel: Kernel, approval: Approval): Promise<Denial> {
  const { by } = await lastAnswer(kernel, approval);
  const name = await answererName(kernel, by);
  return { by: name ?? "a person", reason: (await causeText(kernel, approval)) ?? "" };
}

/** The name behind an id, or the words for what is no person. */
async function answererName(kernel: Kernel, by: string | null): Promise<string | null> {
  if (by === "local") return "an administrator of this machine";
  return by?.startsWith("hum_") === true ? ((await humanName(kernel, by as `hum_${string}`))?.name ?? null) : null;
}

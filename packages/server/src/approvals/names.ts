import type { Named } from "@countersign/api";
import type { Hold, HumanId } from "@countersign/core";
import type { Kernel } from "../kernel.ts";
import type { Approval } from "./payload.ts";

/** Name of a person, or what is left when the name was erased. */
export async function humanName(kernel: Kernel, id: HumanId | null): Promise<Named | null> {
  if (id === null) return null;
  const human = await kernel.store.get("human", id);
  const name = human === null ? null : await kernel.keys.openText(human.terms.name);
  return { id, name: name ?? "(erased)" };
}

/** Who may sign, in words. */
export async function approverWords(kernel: Kernel, { terms }: Approval): Promise<string> {
  if (terms.approvers === "self") return "any active person, for themselves";
  if (terms.approvers === "stopped-owner") return "an administrator, or the person whose agents are stopped";
  if (terms.holds.length === 0) return roleWords(terms.approvers, 1);
  const words = await Promise.all(terms.holds.map(async (hold) => await holdWords(kernel, hold, terms.human)));
  return [...new Set(words)].join(", and ");
}

/** Who may sign one hold, in words. */
export async function holdWords(kernel: Kernel, hold: Hold, owner: HumanId | null): Promise<string> {
  if (hold.approvers === "owner") return (await humanName(kernel, owner))?.name ?? "the owner";
  const words = roleWords(hold.approvers, hold.quorum);
  const requester = hold.notRequester ? await humanName(kernel, owner) : null;
  return requester === null ? words : `${words} other than ${requester.name}`;
}

function roleWords(approvers: string, quorum: number): string {
  const role = approvers.replace("role:", "");
  return quorum === 1 ? `a person with the role ${role}` : `${String(quorum)} people with the role ${role}`;
}

import { canonicalJson } from "@countersign/core";
import { type Kernel, settingsOf } from "../kernel.ts";
import type { Proposal, Proposed } from "./approvals.ts";
import { stateAt } from "./display.ts";
import { readPayload } from "./payload.ts";

/** The proposal of just this that waits for its signature already; null when there is none. */
export async function openProposal(kernel: Kernel, { act, resource, draft }: Proposal): Promise<Proposed | null> {
  const pending = await kernel.store.find("approval", { status: "pending" });
  const alike = pending.filter(({ terms }) => terms.change === act && terms.resource === resource);
  for (const approval of alike.toReversed()) {
    if (stateAt(approval, kernel.now()) !== "pending") continue;
    const proposed = await readPayload(kernel, approval);
    if (proposed === null || canonicalJson(proposed) !== canonicalJson(draft)) continue;
    const { publicUrl } = await settingsOf(kernel);
    const { id, terms } = approval;
    return { approvalId: id, url: `${publicUrl}/approve/${id}`, expiresAt: terms.expiresAt };
  }
  return null;
}

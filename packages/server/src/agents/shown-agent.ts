import { type JsonObject, type StateRecord, grantOf } from "@countersign/core";
import { humanName } from "../approvals/index.ts";
import type { Kernel } from "../kernel.ts";

/** What an approver sees of an agent. */
export async function shownAgent(kernel: Kernel, terms: StateRecord<"agent">["terms"]): Promise<JsonObject> {
  return {
    name: terms.name,
    owner: (await humanName(kernel, terms.owner))?.name ?? "(erased)",
    ownerId: terms.owner,
    purpose: (await kernel.keys.openText(terms.purpose)) ?? "(erased)",
    grants: terms.scope.map(grantOf),
    expiresAt: terms.expiresAt,
  };
}

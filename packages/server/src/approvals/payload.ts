import type { ApprovalDisplay } from "@countersign/api";
import type { ApprovalId, HeldCall, Json, StateRecord } from "@countersign/core";
import type { Kernel } from "../kernel.ts";

export type Approval = StateRecord<"approval">;
type Termed = Pick<Approval, "terms">;

export const payloadName = (id: ApprovalId): string => `approval/${id}`;

/** Seals what an approval is about under the key of the person it concerns, so that it can be erased with that person. */
export async function sealPayload(
  kernel: Kernel,
  { terms }: Termed,
  content: Json,
): Promise<{ name: string; bytes: Uint8Array }> {
  return {
    name: terms.payload,
    bytes: await kernel.keys.sealBlob(terms.human, terms.payload, JSON.stringify(content)),
  };
}

/** What an approval is about; null when it was erased. */
export async function readPayload(kernel: Kernel, { terms }: Termed): Promise<Json | null> {
  const bytes = await kernel.store.blob(terms.payload);
  const text = bytes === null ? null : await kernel.keys.openBlob(terms.human, terms.payload, bytes);
  return text === null ? null : (JSON.parse(text) as Json);
}

/** The exact call behind an approval, or null when it was erased. */
export async function readHeldCall(kernel: Kernel, approval: Termed): Promise<HeldCall | null> {
  if (approval.terms.subject !== "call") return null;
  return (await readPayload(kernel, approval)) as HeldCall | null;
}

const displayName = (id: string): string => `display/${id}`;

/** Seals what was shown to the person who answered: what they signed stays visible when the state has moved on. */
export async function sealDisplay(
  kernel: Kernel,
  { id, terms }: Pick<StateRecord<"approval">, "id" | "terms">,
  display: ApprovalDisplay,
): Promise<{ name: string; bytes: Uint8Array }> {
  const name = displayName(id);
  return { name, bytes: await kernel.keys.sealBlob(terms.human, name, JSON.stringify(display)) };
}

/** What was shown to the last person who answered; null when nobody did, or it was erased. */
export async function readDisplay(
  kernel: Kernel,
  { id, terms }: Pick<StateRecord<"approval">, "id" | "terms">,
): Promise<ApprovalDisplay | null> {
  const name = displayName(id);
  const bytes = await kernel.store.blob(name);
  const text = bytes === null ? null : await kernel.keys.openBlob(terms.human, name, bytes);
  return text === null ? null : (JSON.parse(text) as ApprovalDisplay);
}

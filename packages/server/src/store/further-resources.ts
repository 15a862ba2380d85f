import type { LedgerEntry } from "@countersign/core";

/** The kind under which `named` files what an entry of several resources touches beside its first; no record has it. */
export const FURTHER_RESOURCE = "resource";

export function furtherResources({
  resource,
  resources = [],
}: Pick<LedgerEntry, "resource"> & { readonly resources?: readonly string[] | undefined }): readonly {
  readonly kind: string;
  readonly id: string;
}[] {
  const further = new Set(resources.filter((name) => name !== resource));
  return [...further].map((id) => ({ kind: FURTHER_RESOURCE, id }));
}

import type { Kind, Kinds, StateRecord } from "@countersign/core";
import type { Put } from "./store.ts";

/** The same record in another state, to be put. */
export function withState<K extends Kind>(
  { version: _version, ...record }: StateRecord<K>,
  state: Kinds[K]["state"],
): Put {
  return { ...record, state } as Put;
}

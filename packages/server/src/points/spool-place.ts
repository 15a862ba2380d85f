import type { Json, StateRecord } from "@countersign/core";
import type { SpoolRun } from "@countersign/enforce";
import { type Commit, withState } from "../store/index.ts";

/** Up to where a point's spool was merged. */
export type SpoolRecord = StateRecord<"spool">;

/** The part of a commit that moves the place, if nobody else moved it meanwhile. */
export function moved(
  { point }: SpoolRun,
  known: SpoolRecord | null,
  state: SpoolRecord["state"],
): Pick<Commit, "expect" | "put"> {
  const fresh = { kind: "spool", id: point, terms: {}, state, authority: null } as const;
  return {
    expect: [{ kind: "spool", id: point, version: known?.version ?? 0 }],
    put: [known === null ? fresh : withState(known, state)],
  };
}

/** What a stranger needs to verify the run from the ledger alone. */
export function signedPart(run: SpoolRun): { readonly [member: string]: Json } {
  const { spool, from, to, prev, hash, key, signature } = run;
  return { spool, from, to, prev, hash, key: { ...key }, signature };
}

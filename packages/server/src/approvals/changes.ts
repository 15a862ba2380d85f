import type { ChangeAct, EntryKind, Json, StateRecord } from "@countersign/core";
import type { Kernel } from "../kernel.ts";
import type { Commit, Put } from "../store/index.ts";

/** What a signature will put in force. `bound` are the records whose terms the signature covers; `also` follow from it. */
export interface BuiltChange {
  readonly bound: readonly Put[];
  readonly also: readonly Put[];
  readonly expect: NonNullable<Commit["expect"]>;
  /** What the approver sees and signs: plain values, the same each time it is built. */
  readonly shown: Json;
  /** One plain sentence for the top of the page. */
  readonly sentence: string;
}

/** One kind of loosening act: how its records are built from what was proposed, for the person who is about to sign. */
export interface ChangeKind {
  readonly act: ChangeAct;
  /** `self`: any active human for themselves; `role:admin`; `stopped-owner`: the human a stop is about, or an administrator. */
  readonly approvers: "self" | "role:admin" | "stopped-owner";
  readonly entryKind: EntryKind;
  build(kernel: Kernel, draft: Json, approver: StateRecord<"human">): Promise<BuiltChange>;
}

/** Every act that loosens, in one table: an act without a row cannot be signed. */
export class ChangeKinds {
  private readonly rows = new Map<ChangeAct, ChangeKind>();

  add(kind: ChangeKind): void {
    this.rows.set(kind.act, kind);
  }

  get(act: ChangeAct): ChangeKind | undefined {
    return this.rows.get(act);
  }
}

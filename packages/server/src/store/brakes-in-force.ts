import { type BrakeId, type BrakeScope, type Chain, covers } from "@countersign/core";

interface ActiveBrake {
  readonly id: BrakeId;
  readonly kind: "freeze" | "sever";
  readonly scope: BrakeScope;
}
/** What of a stored brake is read here. */
interface StoredBrake {
  readonly id: BrakeId;
  readonly terms: { readonly kind: "freeze" | "sever"; readonly scope: BrakeScope };
  readonly state: { readonly status: "active" | "thawed" };
}

/** The active brakes in commit order: what the guard of a commit asks. Kept in memory by the only thread that writes. */
export class BrakesInForce {
  private readonly active = new Map<string, ActiveBrake>();

  clear(): void {
    this.active.clear();
  }

  /** Follows a brake record as it is written. INV-2: a brake that is not clearly thawed is in force. */
  apply(body: string): void {
    const { id, terms, state } = JSON.parse(body) as StoredBrake;
    if (state.status === "thawed") this.active.delete(id);
    else this.active.set(id, { id, kind: terms.kind, scope: terms.scope });
  }

  covering(chain: Chain, resource: string | readonly string[]): ActiveBrake | null {
    for (const brake of this.active.values()) {
      if (covers(brake.scope, chain, resource)) return brake;
    }
    return null;
  }
}

import { AppError } from "@countersign/core";
import type { LedgerStore } from "../store/index.ts";

/**
 * INV-12: whoever edits the database by hand is noticed at the next start. Every record has the digest that the last entry naming it
 * holds, and none is missing (`posture` proves itself); every entry has the content that was hashed; the counts have no gaps.
 * Throws `data.damaged` or `ledger.damaged` naming the first record or entry, with all of them in `details.faults`.
 */
export async function checkState(store: LedgerStore): Promise<void> {
  const faults = await store.audit();
  const [first] = faults;
  if (first === undefined) return;
  throw new AppError(first.code, {
    detail: `${first.detail}; keep this data directory and restore from a copy`,
    details: { faults: faults.map(({ detail }) => detail) },
  });
}

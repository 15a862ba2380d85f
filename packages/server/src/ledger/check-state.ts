import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "@countersign/core";
import type { LedgerStore } from "../store/index.ts";

/** How long a start waits for the check of everything stored; a larger installation goes on and is checked beside its work. */
const AT_START_MS = 20_000;

/**
 * Checks everything stored: before the start goes on, or, where that takes long, beside the work; then `onDamage` is told what was found.
 * Nothing that loosens rests on it meanwhile: points verify every signature themselves. Throws as {@link checkState}.
 */
export async function checkStateAtStart(
  store: LedgerStore,
  onDamage: (error: AppError) => void,
  atStartMs: number = AT_START_MS,
): Promise<void> {
  const checking = checkState(store);
  const stop = new AbortController();
  const late = pause(atStartMs, "late", { signal: stop.signal }).catch(() => "done");
  if ((await Promise.race([checking, late])) !== "late") {
    stop.abort();
    return;
  }
  checking.catch((error: unknown) => {
    const damaged = error instanceof AppError && (error.code === "data.damaged" || error.code === "ledger.damaged");
    // A store that was closed meanwhile says nothing about what is in it.
    if (damaged) onDamage(error);
  });
}

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

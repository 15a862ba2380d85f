import type { Check } from "../status/index.ts";
import type { LedgerStore } from "../store/index.ts";
import type { Ledger } from "./ledger.ts";
import { verifyRunning } from "./verify-running.ts";

/** The ledger as a stranger would verify it, and the database against the journal. */
export async function ledgerChecks(ledger: Ledger, store: LedgerStore): Promise<readonly Check[]> {
  const { log, faults } = await verifyRunning(ledger, store);
  const agreement = await ledger.agreement();
  const damaged = faults.map((fault) => JSON.stringify(fault)).join("; ");
  return [
    {
      name: "ledger",
      ok: log.ok,
      detail: log.ok ? `every entry verifies under ${ledger.origin}` : JSON.stringify(log),
      ...(log.ok ? {} : { next: "keep this directory as it is and compare with an export that you hold" }),
    },
    {
      name: "ledger consistency",
      ok: agreement.ok,
      detail: agreement.ok
        ? `the files here are those of the stored checkpoint of ${String(agreement.size)} entries, which all servers share`
        : agreement.detail,
      ...(agreement.ok
        ? {}
        : { next: "keep everything as it is; stop the server whose files differ, and compare both" }),
    },
    {
      name: "database",
      ok: faults.length === 0,
      detail: faults.length === 0 ? "state and journal agree" : damaged,
      ...(faults.length === 0 ? {} : { next: "restore the data directory from a copy" }),
    },
  ];
}

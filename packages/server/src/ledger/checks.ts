import { type Check, failed, passed } from "../check.ts";
import type { LedgerStore } from "../store/index.ts";
import type { Ledger } from "./ledger.ts";
import { verifyRunning } from "./verify-running.ts";

/** The ledger as a stranger would verify it, and the database against the journal. */
export async function ledgerChecks(ledger: Ledger, store: LedgerStore): Promise<readonly Check[]> {
  const { log, faults } = await verifyRunning(ledger, store);
  const agreement = await ledger.agreement();
  const damaged = faults.map((fault) => JSON.stringify(fault)).join("; ");
  const compare = "keep this directory as it is and compare with an export that you hold";
  const both = "keep everything as it is; stop the server whose files differ, and compare both";
  return [
    log.ok
      ? passed("ledger", `every entry verifies under ${ledger.origin}`)
      : failed("ledger", JSON.stringify(log), compare),
    agreement.ok
      ? passed(
          "ledger consistency",
          `the files here are those of the stored checkpoint of ${String(agreement.size)} entries, which all servers share`,
        )
      : failed("ledger consistency", agreement.detail, both),
    faults.length === 0
      ? passed("database", "state and journal agree")
      : failed("database", damaged, "restore the data directory from a copy"),
  ];
}

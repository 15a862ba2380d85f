import { isSignedBy } from "@countersign/credentials";
import { type VerifiedLog, verifyLog } from "@countersign/ledger";
import type { LedgerStore, StoreFault } from "../store/index.ts";
import type { Ledger } from "./ledger.ts";
import { sha256, verifyEd25519 } from "./log-key.ts";

export interface VerifiedRunning {
  /** The published files, verified as a stranger would: every entry hashed again. */
  readonly log: VerifiedLog;
  /** What differs between database and journal. */
  readonly faults: readonly StoreFault[];
}

/** Verifies a running ledger: its files against the signed checkpoint, its journal and records against each other. Never throws on damage. */
export async function verifyRunning(
  ledger: Ledger,
  store: LedgerStore,
  oldCheckpoint?: string,
): Promise<VerifiedRunning> {
  const options = {
    sha256,
    verify: verifyEd25519,
    verifySpool: isSignedBy,
    ...(oldCheckpoint === undefined ? {} : { oldCheckpoint }),
  };
  const log = await verifyLog((path, limit) => ledger.directory.read(path, limit), ledger.vkey, options);
  return { log, faults: await store.audit() };
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@countersign/core";
import { openStore } from "../store/index.ts";
import { type Check, failed, passed } from "../check.ts";

/**
 * Looks into a database that no control plane runs on: opens it as a start does and compares state and journal, so that `doctor` can say
 * what is damaged, and where, when the start refuses. A database that is in use, or not there, is said to be so.
 */
export async function examineDatabase(dataDir: string, now: () => number): Promise<Check> {
  const name = "database";
  if (!existsSync(join(dataDir, "countersign.db"))) return passed(name, "none yet");
  const next = "keep this directory as it is and restore it from a copy";
  try {
    const store = await openStore({ path: dataDir, clock: now });
    try {
      const faults = await store.audit();
      if (faults.length === 0) return passed(name, "state and journal agree");
      return failed(name, faults.map((fault) => fault.detail).join("; "), next);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return failed(name, error.detail ?? error.message, next);
  }
}

import { AppError } from "@countersign/core";
import { errorFrom } from "./fault.ts";
import type { Primary } from "./primary.ts";
import type { Limits, Session } from "./session.ts";

/** "countersig" as a number: the advisory lock of an installation, in its own database. */
const KEY = "7165064744911531369";
const WAIT_MS = 60_000;
const LIMITS: Limits = { answerMs: WAIT_MS + 5000, statementMs: 0 };

/**
 * Runs something while no other process of this installation does: under a lock of the database that ends with its connection. When that
 * connection was lost meanwhile, it may not have been alone, and that is an error even though it ran.
 */
export async function exclusively<T>(primary: Primary, action: (session: Session) => Promise<T>): Promise<T> {
  const session = await primary.open(LIMITS);
  try {
    await locked(session);
    const done = await action(session);
    if (!session.isOpen)
      throw new AppError("ledger.unavailable", { detail: "the database was lost while this server ran alone" });
    return done;
  } finally {
    // The lock ends with the connection.
    await session.close().catch(() => undefined);
  }
}

async function locked(session: Session): Promise<void> {
  try {
    await session.script(`SET lock_timeout = ${String(WAIT_MS)}`);
    await session.rows("SELECT pg_advisory_lock($1::bigint)", [KEY]);
    await session.script("SET lock_timeout = 5000");
  } catch (error) {
    throw errorFrom(error);
  }
}

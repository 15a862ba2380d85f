import { setTimeout as delay } from "node:timers/promises";
import { type Texts, quoteText } from "./texts.ts";

/** How a transaction ended, as the server says; `unknown`: it does not know any more, or was not reached. */
export type TransactionEnd = "committed" | "rolled back" | "unknown";

const ASKED_EVERY_MS = 200;

/**
 * Asks the server how a transaction ended, for as long as `forMs` while it has not. A backend that lost its client ends soon. Never rejects.
 */
export async function transactionEnd(
  open: () => Promise<Texts & { close(): void }>,
  transaction: string,
  forMs: number,
): Promise<TransactionEnd> {
  for (let waited = 0; ; waited += ASKED_EVERY_MS) {
    const status = await statusOf(open, transaction);
    if (status === "committed") return "committed";
    if (status === "aborted") return "rolled back";
    // What is too old is not known any more; whoever is not reached may be back.
    if (status === null || waited >= forMs) return "unknown";
    await delay(ASKED_EVERY_MS);
  }
}

async function statusOf(open: () => Promise<Texts & { close(): void }>, transaction: string): Promise<string | null> {
  try {
    const session = await open();
    try {
      const { rows } = await session.text(
        `SELECT pg_catalog.pg_xact_status(${quoteText(transaction)}::pg_catalog.xid8)`,
      );
      return rows[0]?.[0] ?? null;
    } finally {
      session.close();
    }
  } catch {
    return "not reached";
  }
}

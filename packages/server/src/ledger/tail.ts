import type { LedgerStore, StoredEntry } from "../store/index.ts";

const CHUNK = 256;

/** Entries from index `from` on, as they become durable, until `signal` aborts or the store closes. Negative: that many from the end. */
export async function* tail(store: LedgerStore, from: number, signal: AbortSignal): AsyncGenerator<StoredEntry, void> {
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.resolve();
  signal.addEventListener("abort", abort, { once: true });
  try {
    let next = from < 0 ? Math.max(0, store.journal.size() + from) : from;
    while (!signal.aborted) {
      await Promise.race([store.journal.grown(next), aborted.promise]);
      if (signal.aborted || store.journal.size() <= next) return;
      for (const entry of await store.entries({ from: next, limit: CHUNK })) {
        yield entry;
        next = entry.index + 1;
      }
    }
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

import type { Store } from "./store.ts";

/** What the ledger needs of the store: the leaves in their order, and the one place where the last signed checkpoint is kept. */
export interface Journal {
  /** Number of durable entries. */
  size(): number;
  /** Resolves when there are more than `size` entries, or when the store was closed. */
  grown(size: number): Promise<void>;
  /** RFC 6962 leaf hashes of the entries `from` … `from + count - 1`, 32 bytes each, concatenated; fewer at the end. */
  leafHashes(from: number, count: number): Promise<Uint8Array>;
  /** The entries themselves; fewer at the end. */
  leaves(from: number, count: number): Promise<readonly Uint8Array[]>;
  /** The last signed checkpoint, or null before the first. */
  checkpoint(): Promise<string | null>;
  /** Stores `next` durably if `expected` is still the last one; false when it is not. Throws as `commit` does. */
  replaceCheckpoint(expected: string | null, next: string): Promise<boolean>;
}

/** One thing that the check of everything stored has found. */
export interface StoreFault {
  readonly code: "data.damaged" | "ledger.damaged";
  /** One clause that names the record or the entry. */
  readonly detail: string;
}

/** A store whose journal can be read whole: what {@link openStore} gives. */
export interface LedgerStore extends Store {
  readonly journal: Journal;
  /** Reads everything again and compares it (see `checkState`); at most 100 faults. Runs beside other work. */
  audit(): Promise<readonly StoreFault[]>;
}

export type { LedgerStore, StoreFault } from "./journal.ts";
export { lockDirectory } from "./sqlite/lock.ts";
export { openStore } from "./open-store.ts";
export type { Orphan } from "./orphans.ts";
export { withState } from "./with-state.ts";
export type {
  Board,
  ChangedRecord,
  Commit,
  Committed,
  Entry,
  EntryQuery,
  Head,
  Put,
  RecordFilter,
  RecordName,
  ReplacedBlob,
  Store,
  StoredEntry,
} from "./store.ts";

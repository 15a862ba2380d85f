import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LedgerEntry } from "@countersign/core";
import { Counts, Faults, filingFault, hashedEntry, recordFault } from "../audit-checks.ts";
import { furtherResources } from "../further-resources.ts";
import type { StoreFault } from "../journal.ts";
import type { RecordRow } from "../rows.ts";
import { sameSum, sumOfBytes } from "../sum.ts";
import { indexedSize } from "./meta.ts";

const JOURNAL =
  "SELECT idx, leaf_hash, leaf, id, kind, point, point_seq, task, task_seq, intent, resource, agent, human FROM journal ORDER BY idx";
type Row = readonly [
  idx: number,
  leafHash: Uint8Array,
  leaf: Uint8Array,
  ...filing: readonly (string | number | null)[],
];
interface Audit {
  readonly db: DatabaseSync;
  readonly faults: Faults;
  readonly counts: Counts;
  /** Digest of each record in the last entry that names it. */
  readonly digests: Map<string, string>;
  /** Below this index, resources were entered in their lookup table. */
  readonly indexed: number;
  readonly isNamed: StatementSync;
  readonly isFiled: StatementSync;
  /** Rows that the lookup tables must have. */
  named: number;
  filed: number;
}

/**
 * Reads everything stored at one moment and compares it: every leaf with its hash, its columns and the counts of its point and task;
 * every record with the digest in the last entry that names it; every lookup table with what it looks up. INV-7: whoever edits a
 * record or removes one would have to rewrite the ledger too. `posture` proves itself and is in no entry.
 */
export function audit(db: DatabaseSync): readonly StoreFault[] {
  db.exec("BEGIN");
  try {
    const state: Audit = {
      db,
      faults: new Faults(),
      counts: new Counts(),
      digests: new Map(),
      indexed: indexedSize(db),
      isNamed: db.prepare("SELECT 1 FROM named WHERE kind = ? AND id = ? AND idx = ?"),
      isFiled: db.prepare("SELECT 1 FROM resources WHERE name = ? AND idx = ?"),
      named: 0,
      filed: 0,
    };
    checkPages(state);
    checkJournal(state);
    checkRecords(state);
    checkLookups(state);
    checkBlobs(state);
    return state.faults.found;
  } finally {
    db.exec("COMMIT");
  }
}

function checkPages(state: Audit): void {
  for (const row of state.db.prepare("PRAGMA integrity_check(10)").all() as unknown as { integrity_check: string }[]) {
    if (row.integrity_check !== "ok")
      state.faults.report("data.damaged", `the database is damaged: ${row.integrity_check}`);
  }
}

function checkJournal(state: Audit): void {
  const rows = state.db.prepare(JOURNAL);
  rows.setReturnArrays(true);
  let expected = 0;
  for (const row of rows.iterate() as Iterable<unknown> as Iterable<Row>) {
    const [idx] = row;
    if (idx !== expected)
      state.faults.report("ledger.damaged", `entry ${String(expected)} is missing from the journal`);
    expected = idx + 1;
    const wrong = entryFault(state, row);
    if (wrong !== null) state.faults.report("ledger.damaged", `entry ${String(idx)} ${wrong}`);
  }
}

function entryFault(state: Audit, [idx, leafHash, leaf, ...filing]: Row): string | null {
  const row = { leafHash, leaf, filing };
  const entry = hashedEntry(row);
  if (typeof entry === "string") return entry;
  for (const { kind, id, digest } of entry.records ?? []) state.digests.set(`${kind} ${id}`, digest);
  // All three go on counting, so that one fault is not reported at every later entry.
  const faults = [filingFault(row, entry), state.counts.fault(entry), lookupFault(state, idx, entry)];
  return faults.find((fault) => fault !== null) ?? null;
}

function lookupFault(state: Audit, idx: number, { resource, resources, records = [] }: LedgerEntry): string | null {
  if (resource !== null && idx < state.indexed) {
    state.filed += 1;
    if (state.isFiled.get(resource, idx) === undefined) return `is not filed under resource \`${resource}\``;
  }
  for (const { kind, id } of [...records, ...furtherResources({ resource, resources })]) {
    state.named += 1;
    if (state.isNamed.get(kind, id, idx) === undefined) return `is not filed under record \`${kind} ${id}\``;
  }
  return null;
}

function checkRecords(state: Audit): void {
  const { digests } = state;
  for (const row of state.db
    .prepare("SELECT kind, id, version, body, sum FROM records")
    .iterate() as Iterable<unknown> as Iterable<RecordRow>) {
    const key = `${row.kind} ${row.id}`;
    const fault = recordFault(row, digests.get(key));
    if (fault !== null) state.faults.report("data.damaged", `record \`${key}\` ${fault}`);
    digests.delete(key);
  }
  for (const key of digests.keys())
    state.faults.report("data.damaged", `record \`${key}\` is missing, though the ledger knows it`);
}

function checkLookups(state: Audit): void {
  const rows = (table: string): number =>
    (state.db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { readonly n: number }).n;
  if (rows("named") !== state.named || rows("resources") !== state.filed)
    state.faults.report("data.damaged", "a lookup table does not fit the journal");
}

function checkBlobs(state: Audit): void {
  type BlobRow = { readonly name: string; readonly bytes: Uint8Array; readonly sum: Uint8Array };
  for (const row of state.db
    .prepare("SELECT name, bytes, sum FROM blobs")
    .iterate() as Iterable<unknown> as Iterable<BlobRow>) {
    if (!sameSum(row.sum, sumOfBytes(row.name, row.bytes)))
      state.faults.report("data.damaged", `blob \`${row.name}\` is damaged`);
  }
}

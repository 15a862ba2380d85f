import { hash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Kind, LedgerEntry } from "@countersign/core";
import { furtherResources } from "../further-resources.ts";
import type { StoreFault } from "../journal.ts";
import { indexedSize } from "./meta.ts";
import { LEAF_BYTES, recordDigest } from "../pack-commit.ts";
import { sameSum, sumOf, sumOfBytes } from "../sum.ts";

/** Faults that are listed; the first one is reason enough not to start. */
const MAX_FAULTS = 100;

const JOURNAL =
  "SELECT idx, leaf_hash, leaf, id, kind, point, point_seq, task, task_seq, intent, resource, agent, human FROM journal ORDER BY idx";
type JournalRow = readonly [
  idx: number,
  leafHash: Uint8Array,
  leaf: Uint8Array,
  ...filing: readonly (string | number | null)[],
];
interface RecordRow {
  readonly kind: Kind;
  readonly id: string;
  readonly version: number;
  readonly body: string;
  readonly sum: Uint8Array;
}
interface Audit {
  readonly db: DatabaseSync;
  readonly faults: StoreFault[];
  /** Digest of each record in the last entry that names it. */
  readonly digests: Map<string, string>;
  readonly points: Map<string, number>;
  readonly tasks: Map<string, number>;
  /** Below this index, resources were entered in their lookup table. */
  readonly indexed: number;
  readonly isNamed: StatementSync;
  readonly isFiled: StatementSync;
  /** Rows that the lookup tables must have. */
  named: number;
  filed: number;
}
type Report = (code: StoreFault["code"], detail: string) => void;

const decoder = new TextDecoder("utf-8", { fatal: true });

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
      faults: [],
      digests: new Map(),
      points: new Map(),
      tasks: new Map(),
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
    return state.faults;
  } finally {
    db.exec("COMMIT");
  }
}

function reporter(state: Audit): Report {
  return (code, detail) => {
    if (state.faults.length < MAX_FAULTS) state.faults.push({ code, detail });
  };
}

function checkPages(state: Audit): void {
  const report = reporter(state);
  for (const row of state.db.prepare("PRAGMA integrity_check(10)").all() as unknown as { integrity_check: string }[]) {
    if (row.integrity_check !== "ok") report("data.damaged", `the database is damaged: ${row.integrity_check}`);
  }
}

function checkJournal(state: Audit): void {
  const report = reporter(state);
  const rows = state.db.prepare(JOURNAL);
  rows.setReturnArrays(true);
  let expected = 0;
  for (const row of rows.iterate() as Iterable<unknown> as Iterable<JournalRow>) {
    const [idx] = row;
    if (idx !== expected) report("ledger.damaged", `entry ${String(expected)} is missing from the journal`);
    expected = idx + 1;
    const wrong = entryFault(state, row);
    if (wrong !== null) report("ledger.damaged", `entry ${String(idx)} ${wrong}`);
  }
}

function entryFault(state: Audit, [idx, leafHash, leaf, ...filing]: JournalRow): string | null {
  if (leaf.length > LEAF_BYTES || Buffer.compare(leafHash, hashLeaf(leaf)) !== 0)
    return "does not have the content that was hashed";
  let entry: LedgerEntry;
  try {
    entry = JSON.parse(decoder.decode(leaf)) as LedgerEntry;
  } catch {
    return "is not JSON";
  }
  for (const { kind, id, digest } of entry.records ?? []) state.digests.set(`${kind} ${id}`, digest);
  // All three go on counting, so that one fault is not reported at every later entry.
  const faults = [filingFault(filing, entry), countFault(state, entry), lookupFault(state, idx, entry)];
  return faults.find((fault) => fault !== null) ?? null;
}

/** RFC 6962 section 2.1: over 0x00 and the leaf, which are put into one buffer. */
const hashed = Buffer.alloc(1 + LEAF_BYTES);
function hashLeaf(leaf: Uint8Array): Uint8Array {
  hashed.set(leaf, 1);
  return hash("sha256", hashed.subarray(0, 1 + leaf.length), "buffer");
}

function filingFault(filing: readonly unknown[], entry: LedgerEntry): string | null {
  const { id, kind, point, pointSeq, chain, taskSeq, intent, resource } = entry;
  const { task, agent, human } = chain;
  const members = [id, kind, point, pointSeq, task, taskSeq, intent ?? null, resource, agent, human];
  return members.every((member, i) => member === filing[i]) ? null : "is filed under something that it does not say";
}

function countFault(state: Audit, { point, pointSeq, chain: { task }, taskSeq }: LedgerEntry): string | null {
  const ofPoint = (state.points.get(point) ?? 0) + 1;
  const ofTask = task === null ? null : (state.tasks.get(task) ?? 0) + 1;
  state.points.set(point, pointSeq);
  if (task !== null) state.tasks.set(task, taskSeq ?? 0);
  if (pointSeq !== ofPoint) return `breaks the count of point \`${point}\``;
  return taskSeq === ofTask ? null : `breaks the count of task \`${String(task)}\``;
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
  const report = reporter(state);
  const { digests } = state;
  for (const row of state.db
    .prepare("SELECT kind, id, version, body, sum FROM records")
    .iterate() as Iterable<unknown> as Iterable<RecordRow>) {
    const key = `${row.kind} ${row.id}`;
    const fault = recordFault(row, digests.get(key));
    if (fault !== null) report("data.damaged", `record \`${key}\` ${fault}`);
    digests.delete(key);
  }
  for (const key of digests.keys()) report("data.damaged", `record \`${key}\` is missing, though the ledger knows it`);
}

function recordFault(row: RecordRow, digest: string | undefined): string | null {
  if (!sameSum(row.sum, sumOf(row.version, row.kind, row.id, row.body))) return "is damaged";
  const record = JSON.parse(row.body) as {
    readonly kind: Kind;
    readonly id: string;
    readonly terms: unknown;
    readonly state: unknown;
  };
  if (record.kind !== row.kind || record.id !== row.id) return "is filed under another name";
  if (row.kind === "posture") return null;
  if (digest === undefined) return "is in no entry of the ledger";
  return recordDigest(record) === digest ? null : "differs from the last entry of the ledger that names it";
}

function checkLookups(state: Audit): void {
  const rows = (table: string): number =>
    (state.db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { readonly n: number }).n;
  if (rows("named") !== state.named || rows("resources") !== state.filed)
    reporter(state)("data.damaged", "a lookup table does not fit the journal");
}

function checkBlobs(state: Audit): void {
  const report = reporter(state);
  type BlobRow = { readonly name: string; readonly bytes: Uint8Array; readonly sum: Uint8Array };
  for (const row of state.db
    .prepare("SELECT name, bytes, sum FROM blobs")
    .iterate() as Iterable<unknown> as Iterable<BlobRow>) {
    if (!sameSum(row.sum, sumOfBytes(row.name, row.bytes))) report("data.damaged", `blob \`${row.name}\` is damaged`);
  }
}

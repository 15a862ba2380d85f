import type { LedgerEntry } from "@countersign/core";
import { Counts, Faults, filingFault, hashedEntry, recordFault } from "../audit-checks.ts";
import { furtherResources } from "../further-resources.ts";
import type { StoreFault } from "../journal.ts";
import type { RecordRow } from "../rows.ts";
import { sameSum, sumOfBytes } from "../sum.ts";
import { searchable } from "./searchable.ts";
import type { Limits, Session } from "./session.ts";

/** A page may take long on a busy disk. */
export const AUDIT_LIMITS: Limits = { answerMs: 10 * 60_000, statementMs: 0 };
/** Rows that are in memory at a time. */
const PAGE = 1000;

const BEGIN =
  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0";
const JOURNAL =
  "SELECT idx, leaf_hash, leaf, id, kind, point, point_seq, task, task_seq, intent, resource, agent, human FROM journal WHERE idx >= $1 ORDER BY idx LIMIT $2";
const MISSING_NAMES = `SELECT n, e.kind, e.id FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS e(kind, id, idx, n)
  WHERE NOT EXISTS (SELECT 1 FROM named d WHERE d.kind = e.kind AND d.id = e.id AND d.idx = e.idx OFFSET 0)`;
// Each record with the last entry that names it.
const RECORDS = `SELECT r.kind, r.id, r.version, r.body, r.sum,
    (SELECT leaf FROM journal j WHERE j.idx = (SELECT max(idx) FROM named n WHERE n.kind = r.kind AND n.id = r.id)) AS leaf
  FROM records r WHERE (kind, id) > ($1, $2) ORDER BY kind, id LIMIT $3`;
const MISSING_RECORDS = `SELECT DISTINCT kind, id FROM named n WHERE kind <> 'resource'
  AND NOT EXISTS (SELECT 1 FROM records r WHERE r.kind = n.kind AND r.id = n.id) LIMIT 100`;
const BLOBS = "SELECT name, bytes, sum FROM blobs WHERE name > $1 ORDER BY name LIMIT $2";

interface JournalRow {
  readonly idx: number;
  readonly leaf_hash: Uint8Array;
  readonly leaf: Uint8Array;
  readonly id: string;
  readonly kind: string;
  readonly point: string;
  readonly point_seq: number;
  readonly task: string | null;
  readonly task_seq: number | null;
  readonly intent: string | null;
  readonly resource: string | null;
  readonly agent: string | null;
  readonly human: string | null;
}
interface Name {
  readonly kind: string;
  readonly id: string;
  readonly idx: number;
}

/** Reads everything stored at one moment, a page at a time, and compares it, as the audit of the embedded database does. */
export async function audit(session: Session): Promise<readonly StoreFault[]> {
  const faults = new Faults();
  await session.script(BEGIN);
  const { size, named } = await checkJournal(session, faults);
  await checkHead(session, faults, size);
  await checkRecords(session, faults);
  const [rows] = await session.rows<{ readonly n: number }>("SELECT count(*) AS n FROM named");
  if (rows?.n !== named) faults.report("data.damaged", "a lookup table does not fit the journal");
  await checkBlobs(session, faults);
  await session.script("COMMIT");
  return faults.found;
}

async function checkJournal(
  session: Session,
  faults: Faults,
): Promise<{ readonly size: number; readonly named: number }> {
  const counts = new Counts();
  let expected = 0;
  let named = 0;
  for (;;) {
    const rows = await session.rows<JournalRow>(JOURNAL, [expected, PAGE]);
    if (rows.length === 0) return { size: expected, named };
    const names: Name[] = [];
    for (const row of rows) {
      for (; expected < row.idx; expected += 1)
        faults.report("ledger.damaged", `entry ${String(expected)} is missing from the journal`);
      expected = row.idx + 1;
      const wrong = entryFault(row, counts, names);
      if (wrong !== null) faults.report("ledger.damaged", `entry ${String(row.idx)} ${wrong}`);
    }
    named += names.length;
    await checkNames(session, faults, names);
  }
}

function entryFault(row: JournalRow, counts: Counts, names: Name[]): string | null {
  const { leaf_hash: leafHash, leaf, id, kind, point, point_seq: pointSeq, task, task_seq: taskSeq } = row;
  const filing = [id, kind, point, pointSeq, task, taskSeq, row.intent, row.resource, row.agent, row.human];
  const found = { leafHash, leaf, filing };
  const entry = hashedEntry(found);
  if (typeof entry === "string") return entry;
  names.push(...namesOf(entry, row.idx));
  const wrong = [filingFault(found, entry, searchable), counts.fault(entry)];
  return wrong.find((fault) => fault !== null) ?? null;
}

function namesOf({ resource, resources, records = [] }: LedgerEntry, idx: number): readonly Name[] {
  const further = furtherResources({ resource, resources }).map(({ kind, id }) => ({ kind, id: searchable(id) }));
  const names = [...records, ...further].map(({ kind, id }) => ({ kind, id, idx }));
  return [...new Map(names.map((name) => [`${name.kind} ${name.id}`, name])).values()];
}

async function checkNames(session: Session, faults: Faults, names: readonly Name[]): Promise<void> {
  if (names.length === 0) return;
  const columns = [names.map(({ kind }) => kind), names.map(({ id }) => id), names.map(({ idx }) => idx)];
  for (const { n, kind, id } of await session.rows<Name & { readonly n: number }>(MISSING_NAMES, columns)) {
    const index = String(names[n - 1]?.idx);
    faults.report("ledger.damaged", `entry ${index} is not filed under record \`${kind} ${id}\``);
  }
}

async function checkHead(session: Session, faults: Faults, size: number): Promise<void> {
  const [head] = await session.rows<{ readonly size: number; readonly version: number; readonly last: number | null }>(
    "SELECT size, version, (SELECT max(version) FROM records) AS last FROM head",
  );
  if (head === undefined || head.size !== size || head.version !== (head.last ?? 0))
    faults.report("data.damaged", "the numbers of the last commit do not fit what is stored");
}

async function checkRecords(session: Session, faults: Faults): Promise<void> {
  type Row = RecordRow & { readonly leaf: Uint8Array | null };
  let last: readonly [string, string] = ["", ""];
  for (;;) {
    const rows = await session.rows<Row>(RECORDS, [...last, PAGE]);
    for (const row of rows) {
      last = [row.kind, row.id];
      const fault = recordFault(row, digestIn(row.leaf, row));
      if (fault !== null) faults.report("data.damaged", `record \`${row.kind} ${row.id}\` ${fault}`);
    }
    if (rows.length < PAGE) break;
  }
  for (const { kind, id } of await session.rows<Name>(MISSING_RECORDS))
    faults.report("data.damaged", `record \`${kind} ${id}\` is missing, though the ledger knows it`);
}

function digestIn(leaf: Uint8Array | null, { kind, id }: RecordRow): string | undefined {
  if (leaf === null) return undefined;
  try {
    const { records = [] } = JSON.parse(Buffer.from(leaf).toString()) as LedgerEntry;
    return records.find((named) => named.kind === kind && named.id === id)?.digest;
  } catch {
    // The entry itself was reported.
    return undefined;
  }
}

async function checkBlobs(session: Session, faults: Faults): Promise<void> {
  type Row = { readonly name: string; readonly bytes: Uint8Array; readonly sum: Uint8Array };
  let last = "";
  for (;;) {
    const rows = await session.rows<Row>(BLOBS, [last, PAGE / 10]);
    for (const { name, bytes, sum } of rows) {
      last = name;
      if (!sameSum(sum, sumOfBytes(name, bytes))) faults.report("data.damaged", `blob \`${name}\` is damaged`);
    }
    if (rows.length < PAGE / 10) return;
  }
}

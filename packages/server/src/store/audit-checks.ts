import { hash } from "node:crypto";
import type { LedgerEntry } from "@countersign/core";
import { LEAF_BYTES, recordDigest } from "./pack-commit.ts";
import type { RecordRow } from "./rows.ts";
import { sameSum, sumOf } from "./sum.ts";
import type { StoreFault } from "./journal.ts";

/** Faults that are listed; the first one is reason enough not to start. */
const MAX_FAULTS = 100;

/** Faults as they are found, up to a bound. */
export class Faults {
  readonly found: StoreFault[] = [];

  report(code: StoreFault["code"], detail: string): void {
    if (this.found.length < MAX_FAULTS) this.found.push({ code, detail });
  }
}

/** A row of the journal as it is compared: `filing` are its lookup columns, from `id` to `human`. */
export interface JournalRow {
  readonly leafHash: Uint8Array;
  readonly leaf: Uint8Array;
  readonly filing: readonly (string | number | null)[];
}

/** The entry of a row whose hash fits; a text says what is wrong with it. */
export function hashedEntry({ leafHash, leaf }: JournalRow): LedgerEntry | string {
  if (leaf.length > LEAF_BYTES || Buffer.compare(leafHash, hashLeaf(leaf)) !== 0)
    return "does not have the content that was hashed";
  try {
    return JSON.parse(decoder.decode(leaf)) as LedgerEntry;
  } catch {
    return "is not JSON";
  }
}
const decoder = new TextDecoder("utf-8", { fatal: true });

/** RFC 6962 section 2.1: over 0x00 and the leaf, which are put into one buffer. */
const hashed = Buffer.alloc(1 + LEAF_BYTES);
function hashLeaf(leaf: Uint8Array): Uint8Array {
  hashed.set(leaf, 1);
  return hash("sha256", hashed.subarray(0, 1 + leaf.length), "buffer");
}

/** Whether the columns by which an entry is found say what it says; `column`: a text as a column holds it. */
export function filingFault(
  { filing }: JournalRow,
  entry: LedgerEntry,
  column: (text: string) => string = (text) => text,
): string | null {
  const { id, kind, point, pointSeq, chain, taskSeq, intent, resource } = entry;
  const { task, agent, human } = chain;
  const members = [
    id,
    kind,
    point,
    pointSeq,
    task,
    taskSeq,
    intent ?? null,
    resource === null ? null : column(resource),
    agent,
    human,
  ];
  return members.every((member, i) => member === filing[i]) ? null : "is filed under something that it does not say";
}

/** The gapless counts of points and tasks, as far as the journal was read. */
export class Counts {
  private readonly points = new Map<string, number>();
  private readonly tasks = new Map<string, number>();

  /** What is wrong with the counts of the next entry. */
  fault({ point, pointSeq, chain: { task }, taskSeq }: LedgerEntry): string | null {
    const ofPoint = (this.points.get(point) ?? 0) + 1;
    const ofTask = task === null ? null : (this.tasks.get(task) ?? 0) + 1;
    this.points.set(point, pointSeq);
    if (task !== null) this.tasks.set(task, taskSeq ?? 0);
    if (pointSeq !== ofPoint) return `breaks the count of point \`${point}\``;
    return taskSeq === ofTask ? null : `breaks the count of task \`${String(task)}\``;
  }
}

/** `digest`: of the record in the last entry that names it. */
export function recordFault(row: RecordRow, digest: string | undefined): string | null {
  if (!sameSum(row.sum, sumOf(row.version, row.kind, row.id, row.body))) return "is damaged";
  const record = JSON.parse(row.body) as {
    readonly kind: RecordRow["kind"];
    readonly id: string;
    readonly terms: unknown;
    readonly state: unknown;
  };
  if (record.kind !== row.kind || record.id !== row.id) return "is filed under another name";
  if (row.kind === "posture") return null;
  if (digest === undefined) return "is in no entry of the ledger";
  return recordDigest(record) === digest ? null : "differs from the last entry of the ledger that names it";
}

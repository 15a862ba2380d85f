import { hash } from "node:crypto";
import { BrakesInForce } from "../brakes-in-force.ts";
import type { PackedCommit, PackedEntry, PackedPut, PackedResult } from "../packed.ts";
import { sumOf, sumOfBytes } from "../sum.ts";

/** What the database said under the lock of `head`, before any commit of the group. */
export interface GroupStart {
  readonly version: number;
  readonly size: number;
  /** By `kind id`; a record that is not there is missing. */
  readonly versions: Map<string, number>;
  readonly points: Map<string, number>;
  readonly tasks: Map<string, number>;
  /** For each test of an unchanged list, in order: whether something did change. */
  readonly changed: readonly boolean[];
}
export type EntryRow = readonly [entry: PackedEntry, pointSeq: number, taskSeq: number | null];

/** Most characters that one transaction writes, unless a single commit has more. */
const GROUP_CHARS = 16 * 1024 * 1024;
const CONFLICT = ["conflict"] as const;

/**
 * Applies the commits of a group one after the other, in memory: each is tested against what those before it did, and its rows are
 * gathered. A refused one leaves no trace.
 */
export class Group {
  version: number;
  size: number;
  /** Version of the last put of a brake; null: none was put. */
  brakesChanged: number | null = null;
  readonly leaves: Buffer[] = [];
  readonly entries: EntryRow[] = [];
  readonly named: (readonly [kind: string, id: string, index: number])[] = [];
  /** The last put of each record. */
  readonly puts: Map<string, readonly [put: PackedPut, version: number, sum: Uint8Array]> = new Map();
  readonly blobs: Map<string, readonly [bytes: Buffer, sum: Uint8Array]> = new Map();
  private readonly start: GroupStart;
  private readonly brakes: BrakesInForce;
  private tests = 0;

  /** `brakes`: those in force at the start; they are changed as the group puts some. */
  constructor(start: GroupStart, brakes: BrakesInForce) {
    this.start = start;
    this.brakes = brakes;
    this.version = start.version;
    this.size = start.size;
  }

  apply(commit: PackedCommit): PackedResult {
    const refused = this.refuse(commit);
    if (refused !== null) return refused;
    const [, , , puts, entries, blobs] = commit;
    if (puts !== null && puts.length > 0) this.put(puts);
    const first = this.size;
    for (const entry of entries) this.append(entry);
    for (const [name, latin1] of blobs ?? []) {
      const bytes = Buffer.from(latin1, "latin1");
      this.blobs.set(name, [bytes, sumOfBytes(name, bytes)]);
    }
    return ["ok", this.version, first];
  }

  private refuse([expect, unchanged, guard]: PackedCommit): PackedResult | null {
    const first = this.tests;
    this.tests += unchanged?.length ?? 0;
    if (expect !== null && !this.asExpected(expect)) return CONFLICT;
    if (this.start.changed.slice(first, this.tests).includes(true)) return CONFLICT;
    const brake = guard === null ? null : this.brakes.covering(guard.chain, guard.resource);
    return brake === null ? null : ["braked", brake.id, brake.kind];
  }

  private asExpected(expect: readonly (string | number)[]): boolean {
    for (let i = 0; i < expect.length; i += 3) {
      const version = this.start.versions.get(keyOf(String(expect[i]), String(expect[i + 1]))) ?? 0;
      if (version !== expect[i + 2]) return false;
    }
    return true;
  }

  private put(puts: readonly PackedPut[]): void {
    this.version += 1;
    for (const put of puts) {
      const [kind, id, body] = put;
      const key = keyOf(kind, id);
      // A record keeps the place of its first put: records are listed in the order in which they were made.
      this.puts.set(key, [put, this.version, sumOf(this.version, kind, id, body)]);
      this.start.versions.set(key, this.version);
      if (kind !== "brake") continue;
      this.brakes.apply(body);
      this.brakesChanged = this.version;
    }
  }

  private append(entry: PackedEntry): void {
    const [head, middle, tail, , , point, task, , , , , named] = entry;
    const pointSeq = next(this.start.points, point);
    const taskSeq = task === null ? null : next(this.start.tasks, task);
    this.leaves.push(Buffer.from(`${head}${String(pointSeq)}${middle}${String(taskSeq)}${tail}`));
    this.entries.push([entry, pointSeq, taskSeq]);
    for (let i = 0; named !== null && i < named.length; i += 2)
      this.named.push([named[i] ?? "", named[i + 1] ?? "", this.size]);
    this.size += 1;
  }
}

/**
 * How many of the commits make one transaction: one that asks for an unchanged list begins a new group when a record of that kind was put
 * before it, and what is written at once is bounded. At least one.
 */
export function groupLength(commits: readonly PackedCommit[]): number {
  const put = new Set<string>();
  let size = 0;
  for (const [i, commit] of commits.entries()) {
    const [, unchanged, , puts] = commit;
    size += sizeOf(commit);
    if (i > 0 && (size > GROUP_CHARS || unchanged?.some(({ kind }) => put.has(kind)) === true)) return i;
    for (const [kind] of puts ?? []) put.add(kind);
  }
  return commits.length;
}

function sizeOf([, , , puts, entries, blobs]: PackedCommit): number {
  let size = 0;
  for (const [, , body] of puts ?? []) size += body.length;
  for (const [head, middle, tail] of entries) size += head.length + middle.length + tail.length;
  for (const [, latin1] of blobs ?? []) size += latin1.length;
  return size;
}

/** RFC 6962 section 2.1: the leaf hash is over 0x00 and the entry. */
export function leafHash(leaf: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([ZERO, leaf]), "buffer");
}
const ZERO = Buffer.alloc(1);

export function keyOf(kind: string, id: string): string {
  return `${kind} ${id}`;
}

function next(counts: Map<string, number>, name: string): number {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count;
}

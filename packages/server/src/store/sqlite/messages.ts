import type { Orphan } from "../orphans.ts";
import type { Kind } from "@countersign/core";
import type { StoreFault } from "../journal.ts";
import type { Failure, PackedCommit } from "../packed.ts";
import type { EntryQuery, RecordFilter, RecordName, ReplacedBlob } from "../store.ts";

/** What travels between the main thread and the two workers. */
export type WriteRequest =
  | { readonly op: "commit"; readonly commits: readonly PackedCommit[] }
  | { readonly op: "erase"; readonly name: string }
  | { readonly op: "replace"; readonly blobs: readonly ReplacedBlob[] }
  | { readonly op: "checkpoint"; readonly expected: string | null; readonly next: string }
  | { readonly op: "close" };

/** A record as it is stored: its JSON without the version. */
export type RecordRow = readonly [version: number, body: string];
export type EntryRow = readonly [index: number, leaf: Uint8Array];

/** Leaves one behind the other: one array is cloned in the time of one. */
export interface LeafRun {
  readonly sizes: readonly number[];
  readonly bytes: Uint8Array;
}

export interface ReadRequests {
  get: { ask: { readonly kind: Kind; readonly id: string }; answer: RecordRow | null };
  records: { ask: readonly RecordName[]; answer: readonly RecordRow[] };
  find: { ask: { readonly kind: Kind; readonly where: RecordFilter }; answer: readonly RecordRow[] };
  count: { ask: { readonly kind: Kind; readonly where: RecordFilter }; answer: number };
  changed: {
    ask: { readonly version: number; readonly limit: number };
    answer: readonly (readonly [kind: Kind, id: string, version: number])[];
  };
  changes: {
    ask: { readonly version: number; readonly kinds: readonly Kind[] };
    answer: { readonly version: number; readonly records: readonly RecordRow[] };
  };
  entries: { ask: EntryQuery; answer: readonly EntryRow[] };
  entry: { ask: { readonly id: string }; answer: EntryRow | null };
  openIntents: { ask: null; answer: readonly EntryRow[] };
  orphans: { ask: null; answer: readonly Orphan[] };
  blob: { ask: { readonly name: string }; answer: Uint8Array | null };
  blobNames: {
    ask: { readonly prefix: string; readonly after: string; readonly limit: number };
    answer: readonly string[];
  };
  hashes: { ask: { readonly from: number; readonly count: number }; answer: Uint8Array };
  leaves: { ask: { readonly from: number; readonly count: number }; answer: LeafRun };
  checkpoint: { ask: null; answer: string | null };
  audit: { ask: null; answer: readonly StoreFault[] };
}
export type ReadOp = keyof ReadRequests;

export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** What a worker says first. */
export type Opened = Reply<{ readonly generation: number; readonly size: number }>;
export interface WorkerStart {
  /** The data directory. */
  readonly path: string;
  readonly now: number;
  readonly pid: number;
}

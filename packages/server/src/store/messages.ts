import type { BrakeId, Chain, Code, EntryKind, Kind } from "@countersign/core";
import type { Commit, EntryQuery, RecordFilter } from "./store.ts";
import type { StoreFault } from "./journal.ts";

/**
 * What travels between the main thread and the two workers. Tuples, because a group carries many and the structured clone
 * writes the name of every member.
 */
export type PackedEntry = readonly [
  /** The leaf around its two counters. */
  head: string,
  middle: string,
  tail: string,
  id: string,
  kind: EntryKind,
  point: string,
  task: string | null,
  intent: string | null,
  resource: string | null,
  agent: string | null,
  human: string | null,
  /** Kind and id of each record that it names, in turn. */
  named: readonly string[] | null,
];
export type PackedPut = readonly [kind: Kind, id: string, body: string];
export type PackedCommit = readonly [
  /** Kind, id and version in turn. */
  expect: readonly (string | number)[] | null,
  unchanged: Commit["unchanged"] | null,
  guard: { readonly chain: Chain; readonly resource: string | readonly string[] } | null,
  puts: readonly PackedPut[] | null,
  entries: readonly PackedEntry[],
  blobs: readonly PackedBlob[] | null,
];
/** Bytes as a text of one byte each: cloned as an array, small ones would take the pool along that they lie in. */
export type PackedBlob = readonly [name: string, latin1: string];

export type PackedResult =
  | readonly [status: "ok", version: number, firstIndex: number]
  | readonly [status: "conflict"]
  | readonly [status: "braked", brake: BrakeId, kind: "freeze" | "sever"]
  | readonly [status: "failed", code: Code, detail: string];

export type WriteRequest =
  | { readonly op: "commit"; readonly commits: readonly PackedCommit[] }
  | { readonly op: "erase"; readonly name: string }
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
  blob: { ask: { readonly name: string }; answer: Uint8Array | null };
  hashes: { ask: { readonly from: number; readonly count: number }; answer: Uint8Array };
  leaves: { ask: { readonly from: number; readonly count: number }; answer: LeafRun };
  checkpoint: { ask: null; answer: string | null };
  audit: { ask: null; answer: readonly StoreFault[] };
}
export type ReadOp = keyof ReadRequests;

export type Failure = { readonly code: Code; readonly detail: string };
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** What a worker says first. */
export type Opened = Reply<{ readonly generation: number; readonly size: number }>;
export interface WorkerStart {
  /** The data directory. */
  readonly path: string;
  readonly now: number;
  readonly pid: number;
}

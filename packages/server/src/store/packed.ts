import { AppError, type BrakeId, type Chain, type Code, type EntryKind, type Kind } from "@countersign/core";
import type { Commit } from "./store.ts";

/**
 * A commit as it is written, whatever database is under it. Tuples, because a group carries many and the structured clone
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

export type Failure = { readonly code: Code; readonly detail: string };

export function errorOf({ code, detail }: Failure): AppError {
  return new AppError(code, { detail });
}

import { AppError, type Json, type Kind, type StateRecord } from "@countersign/core";
import { sameSum, sumOf } from "./sum.ts";
import type { StoredEntry } from "./store.ts";

const decoder = new TextDecoder();

/** A record from its row: the JSON that was put, and its version. */
export function recordOf<K extends Kind>(version: number, body: string): StateRecord<K> {
  return { version, ...(JSON.parse(body) as Omit<StateRecord<K>, "version">) };
}

export function entryOf(index: number, leaf: Uint8Array): StoredEntry {
  return { index, leaf, body: JSON.parse(decoder.decode(leaf)) as Json };
}

/** A row of the table of records. */
export interface RecordRow {
  readonly kind: Kind;
  readonly id: string;
  readonly version: number;
  readonly body: string;
  readonly sum: Uint8Array;
}

/** Throws `data.damaged` on a row that decayed. */
export function checkRecord({ kind, id, version, body, sum }: RecordRow): void {
  if (!sameSum(sum, sumOf(version, kind, id, body))) throw damaged(`record \`${kind} ${id}\``);
}

export function damaged(what: string): AppError {
  return new AppError("data.damaged", { detail: `${what} is damaged; restore the database from a copy` });
}

import { hash } from "node:crypto";
import { AppError, canonicalJson, type Kind } from "@countersign/core";
import { furtherResources } from "./further-resources.ts";
import { leafPieces, type NamedRecord } from "./leaf.ts";
import type { PackedCommit, PackedEntry, PackedPut } from "./packed.ts";
import type { Commit, Entry, Put } from "./store.ts";

/** Most bytes of a leaf (design 8): a tile bundle carries 65,535. */
export const LEAF_BYTES: number = 60 * 1024;
/** Digits of both counters. */
const COUNTER_BYTES = 32;

const NO_RECORDS: readonly NamedRecord[] = [];
const NO_DIGESTS: ReadonlyMap<string, NamedRecord> = new Map();
const NO_ENTRIES: readonly PackedEntry[] = [];

/**
 * Turns a commit into what the writer takes: canonical text, digests, lookup values. Throws `input.too_large` on a leaf over
 * {@link LEAF_BYTES}, `input.invalid_json` on what JSON can't carry; `internal.error` when a record changes without an entry that
 * names it, or an entry names one that does not change.
 */
export function packCommit(commit: Commit): PackedCommit {
  try {
    return pack(commit);
  } catch (error) {
    if (error instanceof RangeError)
      throw new AppError("input.invalid_json", {
        detail: `a commit holds something else than JSON: ${error.message}`,
        cause: error,
      });
    throw error;
  }
}

function pack(commit: Commit): PackedCommit {
  const digests = commit.put === undefined ? NO_DIGESTS : new Map<string, NamedRecord>();
  const puts = commit.put?.map((put) => packPut(put, digests as Map<string, NamedRecord>)) ?? null;
  const entries = commit.entries?.map((entry) => packEntry(entry, digests)) ?? NO_ENTRIES;
  if (commit.put !== undefined) checkNamed(commit);
  return [
    commit.expect?.flatMap(({ kind, id, version }) => [kind, id, version]) ?? null,
    commit.unchanged ?? null,
    guardOf(commit),
    puts,
    entries,
    commit.blobs?.map(({ name, bytes }) => [name, latin1(bytes)] as const) ?? null,
  ];
}

function guardOf({ guard }: Commit): PackedCommit[2] {
  return guard === undefined ? null : { chain: guard.chain, resource: guard.resource };
}

function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}

/** Digest of a record's content, as entries carry it. */
export function recordDigest(record: {
  readonly kind: Kind;
  readonly id: string;
  readonly terms: unknown;
  readonly state: unknown;
}): string {
  return digestOf(
    canonicalJson(record.id),
    canonicalJson(record.kind),
    `"state":${canonicalJson(record.state)},"terms":${canonicalJson(record.terms)}`,
  );
}

function digestOf(id: string, kind: string, content: string): string {
  return hash("sha256", `{"id":${id},"kind":${kind},${content}}`, "base64url");
}

function packPut(put: Put, digests: Map<string, NamedRecord>): PackedPut {
  const { kind, id } = put;
  const key = keyOf(kind, id);
  if (digests.has(key)) throw misuse(`record \`${kind} ${id}\` is put twice`);
  const quoted = canonicalJson(id);
  const content = `"state":${canonicalJson(put.state)},"terms":${canonicalJson(put.terms)}`;
  digests.set(key, { kind, id, digest: digestOf(quoted, `"${kind}"`, content) });
  return [kind, id, `{"authority":${canonicalJson(put.authority)},"id":${quoted},"kind":"${kind}",${content}}`];
}

function packEntry(entry: Entry, digests: ReadonlyMap<string, NamedRecord>): PackedEntry {
  const { point, draft, changes, spool } = entry;
  const records =
    changes === undefined
      ? NO_RECORDS
      : [...new Set(changes.map(({ kind, id }) => digests.get(keyOf(kind, id)) ?? notPut(kind, id)))];
  const { head, middle, tail } = leafPieces({ point, draft, records, spool });
  const sizeBytes = Buffer.byteLength(head) + Buffer.byteLength(middle) + tail.length + COUNTER_BYTES;
  if (sizeBytes > LEAF_BYTES)
    throw new AppError("input.too_large", { detail: `ledger entry over ${String(LEAF_BYTES)} bytes` });
  const filedUnder = [...records, ...furtherResources(draft)];
  return [
    head,
    middle,
    tail,
    draft.id,
    draft.kind,
    point,
    draft.chain.task,
    draft.intent ?? null,
    draft.resource,
    draft.chain.agent,
    draft.chain.human,
    filedUnder.length === 0 ? null : filedUnder.flatMap(({ kind, id }) => [kind, id]),
  ];
}

/** A posture report proves itself and is no entry; every other change is one. */
function checkNamed(commit: Commit): void {
  const named = new Set(
    commit.entries?.flatMap(({ changes }) => changes?.map(({ kind, id }) => keyOf(kind, id)) ?? []),
  );
  const missing = commit.put?.find(({ kind, id }) => kind !== "posture" && !named.has(keyOf(kind, id)));
  if (missing !== undefined) throw misuse(`record \`${missing.kind} ${missing.id}\` changes without an entry`);
}

function notPut(kind: string, id: string): never {
  throw misuse(`an entry names record \`${kind} ${id}\`, which does not change`);
}

function keyOf(kind: string, id: string): string {
  return `${kind} ${id}`;
}

function misuse(detail: string): AppError {
  return new AppError("internal.error", { detail });
}

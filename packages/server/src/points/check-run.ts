import { hash } from "node:crypto";
import type { Json } from "@countersign/core";
import { argsCommitment, decodeBase64url, isSignedBy, parsePublicJwk, thumbprint } from "@countersign/credentials";
import {
  type EntryDraft,
  RUN_LIMITS,
  type SpoolFrame,
  type SpoolRun,
  maySpool,
  readDrafts,
} from "@countersign/enforce";
import { type SpoolChain, spoolChain, spoolSignedBytes } from "@countersign/ledger";

/** A frame with its place in the chain, recomputed. */
export interface CheckedFrame {
  readonly seq: number;
  readonly hash: string;
  readonly entries: readonly EntryDraft[];
  readonly disclosure: SpoolFrame["disclosure"];
}
/** What may not be spooled, and where it stands; the draft only if it has the form of one. */
export interface RunFault {
  readonly seq: number;
  readonly draft: EntryDraft | null;
  readonly why: string;
}

const HASH_BYTES = 32;

export const chain: SpoolChain = spoolChain((bytes) => hash("sha256", bytes, "buffer"));

/** The frames of a run whose signature is of this key and covers them; null when it does not. Never throws. */
export function checkRun(run: SpoolRun, jkt: string | null): readonly CheckedFrame[] | null {
  const begin = decodeBase64url(run.prev, HASH_BYTES);
  if (!isWhole(run) || begin?.length !== HASH_BYTES || !isSigned(run, jkt)) return null;
  try {
    const checked = chained(run, begin);
    return checked.at(-1)?.hash === run.hash ? checked : null;
  } catch (error) {
    // What has no canonical form was hashed by nobody.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function isWhole({ from, to, frames }: SpoolRun): boolean {
  return isCount(from) && isCount(to) && frames.length === to - from + 1 && frames.length <= RUN_LIMITS.frames;
}

function isSigned(run: SpoolRun, jkt: string | null): boolean {
  const jwk = parsePublicJwk(run.key);
  if (jwk === null || thumbprint(jwk) !== jkt) return false;
  return isSignedBy(jwk, spoolSignedBytes(run), run.signature);
}

function chained({ from, frames }: SpoolRun, begin: Uint8Array): readonly CheckedFrame[] {
  let before = begin;
  return frames.map(({ entries, disclosure }, i) => {
    const seq = from + i;
    before = chain.next(
      before,
      seq,
      entries.map((draft) => chain.digest(draft)),
    );
    return { seq, hash: Buffer.from(before).toString("base64url"), entries, disclosure };
  });
}

/** The first thing in these frames that no spool may hold; null: there is none. What it says of the ledger is not looked at. */
export function faultIn(frames: readonly CheckedFrame[]): RunFault | null {
  const ids = new Set<string>();
  for (const { seq, entries, disclosure } of frames) {
    if (readDrafts(entries as unknown as Json) === null)
      return { seq, draft: null, why: "an entry does not have its form" };
    for (const draft of entries) {
      if (!maySpool(draft)) return { seq, draft, why: "only the control plane may make this durable" };
      if (ids.has(draft.id)) return { seq, draft, why: "two entries have one id" };
      ids.add(draft.id);
    }
    if (disclosure === undefined) continue;
    const about = entries.find(({ id }) => id === disclosure.entry) ?? null;
    if (about === null || about.argsCommitment !== commitmentOf(disclosure))
      return { seq, draft: about, why: "the arguments are not those of the entry" };
  }
  return null;
}

function commitmentOf({ salt, arguments: given }: NonNullable<SpoolFrame["disclosure"]>): string | null {
  const bytes = decodeBase64url(salt, HASH_BYTES);
  return bytes?.length === HASH_BYTES ? argsCommitment(bytes, given) : null;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

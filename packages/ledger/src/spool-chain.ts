import { canonicalBytes, type LedgerEntry } from "@countersign/core";
import { concatBytes, utf8 } from "./bytes.ts";
import type { Sha256 } from "./hash.ts";

/** The hash chain of a point's spool (docs/protocol/points/spool.md): what point, server and verifier compute alike. */
export interface SpoolChain {
  /** Where the chain of one spool begins: names its point and the spool. */
  begin(names: { readonly point: string; readonly spool: string }): Uint8Array;
  /** Digest of one entry as its point drafted it. Throws a RangeError on what JSON can't carry. */
  digest(draft: unknown): Uint8Array;
  /** The chain with one frame more. */
  next(prev: Uint8Array, seq: number, digests: readonly Uint8Array[]): Uint8Array;
}

const BEGIN = utf8("countersign-spool-begin-v1\n");
const FRAME = utf8("countersign-spool-frame-v1\n");
const SIGNED = utf8("countersign-spool-v1\n");

export function spoolChain(sha256: Sha256): SpoolChain {
  return {
    begin: ({ point, spool }) => sha256(concatBytes([BEGIN, canonicalBytes({ point, spool })])),
    digest: (draft) => sha256(canonicalBytes(draft)),
    next: (prev, seq, digests) => sha256(concatBytes([FRAME, prev, uint64(seq), ...digests])),
  };
}

/** What the point signs for a run of frames. */
export function spoolSignedBytes(run: {
  readonly point: string;
  readonly from: number;
  readonly to: number;
  readonly hash: string;
}): Uint8Array {
  const { point, from, to, hash } = run;
  return concatBytes([SIGNED, canonicalBytes({ point, from, to, hash })]);
}

/** An entry as its point drafted it: without what the control plane adds. */
export function draftOf(entry: LedgerEntry): Record<string, unknown> {
  const draft: Record<string, unknown> = { ...entry };
  for (const added of ["v", "point", "pointSeq", "taskSeq", "records", "spool"]) delete draft[added];
  return draft;
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

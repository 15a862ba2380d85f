import type { PointId } from "@countersign/core";
import { nextMagic, readBlock } from "./block.ts";
import { type SegmentHeader, type StoredFrame, hashAfter, readFrame, readHeader, textOf } from "./frame.ts";

/** Where a chain stands: the number of its last frame and the hash with it. */
export interface ChainPlace {
  readonly seq: number;
  readonly hash: string;
}
export interface ScanContext {
  readonly point: PointId;
  /** Where the segment before ended; null for the first one. */
  readonly after: (ChainPlace & { readonly spool: string }) | null;
  /** Only the last segment may end in a frame that a power cut tore. */
  readonly last: boolean;
  /** Number of the last frame that is known to have been durable; 0: none is. */
  readonly durable: number;
}
export interface ScannedFrame {
  readonly frame: StoredFrame;
  readonly hash: string;
  readonly offset: number;
  readonly length: number;
}
export type ScannedSegment =
  | {
      readonly ok: true;
      readonly header: SegmentHeader;
      readonly frames: readonly ScannedFrame[];
      /** Bytes that count; what follows was torn and never acknowledged. */
      readonly end: number;
    }
  | { readonly ok: false; readonly detail: string };

/** Beginnings of blocks that are looked at behind a damaged one; more than that is no torn tail. */
const MOST_LOOKED_AT = 10_000;

/**
 * Reads a segment whole. A tail is torn, and cut off, only if nothing says that it had been durable: no mark, and no later frame that was
 * written after it had been synced. Everything else that does not fit is damage. Never throws.
 */
export function scanSegment(bytes: Buffer, context: ScanContext): ScannedSegment {
  const first = readBlock(bytes, 0);
  const header = first.ok ? readHeader(first.body) : null;
  if (!first.ok || header === null) return damaged("its header cannot be read");
  const misplaced = headerFault(header, context);
  if (misplaced !== null) return damaged(misplaced);
  const { frames, end, broken } = readFrames(bytes, first.end, { seq: header.from - 1, hash: header.prev });
  const next = header.from + frames.length;
  if (broken) return damaged(`frame ${String(next)} does not continue the chain`);
  if (end < bytes.length && !isTorn(bytes, end, { ...context, seq: next }))
    return damaged(`frame ${String(next)} cannot be read`);
  if (context.last && context.durable >= next)
    return damaged(`frame ${String(context.durable)}, which was durable, is missing`);
  return { ok: true, header, frames, end };
}

/** All frames up to the first that cannot be read (`end`), or that is whole and does not belong there (`broken`). */
function readFrames(
  bytes: Buffer,
  from: number,
  before: ChainPlace,
): { readonly frames: readonly ScannedFrame[]; readonly end: number; readonly broken: boolean } {
  const frames: ScannedFrame[] = [];
  let place = before;
  let at = from;
  for (let block = readBlock(bytes, at); block.ok; block = readBlock(bytes, at)) {
    const frame = readFrame(block.body);
    if (frame?.seq !== place.seq + 1 || frame.prev !== place.hash) return { frames, end: at, broken: true };
    const prev = Buffer.from(place.hash, "base64url");
    place = { seq: frame.seq, hash: textOf(hashAfter(prev, frame.seq, frame.entries)) };
    frames.push({ frame, hash: place.hash, offset: at, length: block.end - at });
    at = block.end;
  }
  return { frames, end: at, broken: false };
}

function headerFault({ point, spool, from, prev }: SegmentHeader, { point: own, after }: ScanContext): string | null {
  if (point !== own) return `it belongs to point \`${point}\``;
  if (after === null) return null;
  if (spool !== after.spool) return "it belongs to another spool";
  return from === after.seq + 1 && prev === after.hash ? null : "it does not continue the segment before it";
}

/** Whether what cannot be read at `at`, where frame `seq` should be, was never known to be durable. */
function isTorn(bytes: Buffer, at: number, { last, durable, seq }: ScanContext & { readonly seq: number }): boolean {
  if (!last || durable >= seq) return false;
  let next = nextMagic(bytes, at + 1);
  for (let looked = 0; next !== null; looked += 1) {
    if (looked === MOST_LOOKED_AT) return false;
    const block = readBlock(bytes, next);
    const frame = block.ok ? readFrame(block.body) : null;
    if (frame !== null && frame.synced >= seq) return false;
    next = nextMagic(bytes, block.ok ? block.end : next + 1);
  }
  return true;
}

function damaged(detail: string): ScannedSegment {
  return { ok: false, detail };
}

import { hash } from "node:crypto";
import {
  type Json,
  type JsonObject,
  type PointId,
  canonicalJson,
  isId,
  isJsonObject,
  parseJson,
} from "@countersign/core";
import { type SpoolChain, spoolChain } from "@countersign/ledger";
import type { EntryDraft } from "../control-plane.ts";
import { MOST_BODY_BYTES } from "./block.ts";
import { FRAME_DEPTH, readDrafts } from "./draft-form.ts";
import { type OpenIntent, readOpenIntents } from "./open-intents.ts";

const HASH = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

export const chain: SpoolChain = spoolChain((bytes) => hash("sha256", bytes, "buffer"));

/** First block of a segment: whose it is and where it goes on. */
export interface SegmentHeader {
  readonly point: PointId;
  readonly spool: string;
  /** Number of its first frame, and the hash of the chain before it. */
  readonly from: number;
  readonly prev: string;
  /** Reads that had begun and not ended. */
  readonly open: readonly OpenIntent[];
}

/** Every later block. */
export interface StoredFrame {
  readonly seq: number;
  readonly prev: string;
  readonly entries: readonly [EntryDraft, ...EntryDraft[]];
  /** Salt and arguments of one of the entries, sealed. */
  readonly disclosure?: string;
  /** Number of the last frame that was durable when this one was written. */
  readonly synced: number;
}

export function printHeader({ from, open, point, prev, spool }: SegmentHeader): string {
  return canonicalJson({ from, open, point, prev, spool, v: 1 });
}

/** Never throws: null for anything that {@link printHeader} does not print. */
export function readHeader(body: Buffer): SegmentHeader | null {
  const header = readObject(body);
  if (header === null || header["v"] !== 1) return null;
  const { from, point, prev, spool } = header;
  const open = readOpenIntents(header["open"]);
  if (!isCount(from) || from < 1 || !isId("ep", point) || !isHash(prev) || typeof spool !== "string" || open === null)
    return null;
  return { from, open, point, prev, spool };
}

/** The text of a frame but its end, which only the moment of writing knows: `printFrame(…)(synced)`. */
export function printFrame(frame: Omit<StoredFrame, "synced">): (synced: number) => string {
  const { disclosure, entries, prev, seq } = frame;
  const sealed = disclosure === undefined ? "" : `"disclosure":${canonicalJson(disclosure)},`;
  const head = `{${sealed}"entries":${canonicalJson(entries)},"prev":"${prev}","seq":${String(seq)},"synced":`;
  return (synced) => `${head}${String(synced)}}`;
}

/** Never throws: null for anything that {@link printFrame} does not print. */
export function readFrame(body: Buffer): StoredFrame | null {
  const frame = readObject(body);
  if (frame === null) return null;
  const { disclosure, prev, seq, synced } = frame;
  const entries = readDrafts(frame["entries"]);
  if (entries === null || !isHash(prev) || !isCount(seq) || seq < 1 || !isCount(synced) || synced >= seq) return null;
  if (disclosure === undefined) return { seq, prev, entries, synced };
  return typeof disclosure === "string" ? { seq, prev, entries, disclosure, synced } : null;
}

/** Hash of the chain with one frame more. */
export function hashAfter(prev: Uint8Array, seq: number, entries: readonly EntryDraft[]): Buffer {
  const digests = entries.map((draft) => chain.digest(draft));
  return Buffer.from(chain.next(prev, seq, digests));
}

export function textOf(hashBytes: Uint8Array): string {
  return Buffer.from(hashBytes).toString("base64url");
}

export function isHash(value: Json | undefined): value is string {
  return typeof value === "string" && HASH.test(value);
}

function isCount(value: Json | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function readObject(body: Buffer): JsonObject | null {
  const parsed = parseJson(body, { sizeBytes: MOST_BODY_BYTES, depth: FRAME_DEPTH });
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : null;
}

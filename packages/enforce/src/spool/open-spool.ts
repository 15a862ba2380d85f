import { type FileHandle, open, readFile } from "node:fs/promises";
import { AppError, type Clock, type PointId, type Random, newId } from "@countersign/core";
import { encodeBlock } from "./block.ts";
import { DisclosureBox } from "./disclosure-box.ts";
import { chain, printHeader, textOf } from "./frame.ts";
import { lockDirectory } from "./lock-directory.ts";
import { OpenIntents, unknownOutcome } from "./open-intents.ts";
import { type ChainPlace, type ScannedSegment, scanSegment } from "./scan-segment.ts";
import { type Segment, SegmentWriter } from "./segment-writer.ts";
import { Spool } from "./spool.ts";
import { type SegmentFile, SpoolFiles } from "./spool-files.ts";
import type { WaitingFrame } from "./waiting-frame.ts";
import { SPOOL_LIMITS, type SpoolLimits } from "./spool-limits.ts";

export interface SpoolOptions {
  /** The point's own directory; one process at a time. */
  readonly directory: string;
  readonly point: PointId;
  readonly random: Random;
  readonly clock: Clock;
  readonly limits?: Partial<SpoolLimits>;
}

/** What the files say. */
interface Found {
  readonly spool: string;
  readonly segments: Segment[];
  readonly waiting: WaitingFrame[];
  readonly open: OpenIntents;
  /** Before the first frame, and after the last one. */
  readonly begin: ChainPlace;
  readonly end: ChainPlace;
  /** A box to try the key on. */
  readonly sealed: { readonly seq: number; readonly box: string } | null;
}

/**
 * Opens a point's spool where the last process ended, or begins one. A frame that a power cut tore is cut off; an intent that was left
 * without an outcome gets the outcome `unknown`.
 * @throws AppError `ledger.damaged` when what was durable is missing or changed: then the point must not act; `ledger.unavailable` when
 * the disk fails, `data.in_use`
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const files = new SpoolFiles(options.directory);
  let release: (() => Promise<void>) | null = null;
  try {
    await files.prepare();
    release = await lockDirectory(files.directory);
    return await openLocked(files, options, release);
  } catch (error) {
    await release?.();
    if (error instanceof AppError) throw error;
    throw new AppError("ledger.unavailable", { detail: "the spool of this point cannot be opened", cause: error });
  }
}

async function openLocked(files: SpoolFiles, options: SpoolOptions, release: () => Promise<void>): Promise<Spool> {
  await files.removeDrafts();
  const found = (await readFound(files, options)) ?? (await begin(files, options));
  const box = await boxOf(files, found, options);
  const limits = { ...SPOOL_LIMITS, ...options.limits };
  const spool = new Spool({
    ...found,
    point: options.point,
    box,
    limits,
    writer: await writerOf(files, found),
    release,
  });
  try {
    await recover(spool, found.open, options);
    return spool;
  } catch (error) {
    await spool.close();
    throw error;
  }
}

async function readFound(files: SpoolFiles, { point }: SpoolOptions): Promise<Found | null> {
  const segments = await files.segments();
  const mark = await files.mark();
  if (segments.length === 0 && mark !== null) throw damaged("its files were removed");
  let found: Found | null = null;
  for (const [i, file] of segments.entries()) {
    const bytes = await readFile(file.path);
    const after = found === null ? null : { spool: found.spool, ...found.end };
    const last = i === segments.length - 1;
    const scanned = scanSegment(bytes, { point, after, last, durable: mark?.seq ?? 0 });
    if (!scanned.ok) throw damaged(`segment \`${file.path}\`: ${scanned.detail}`);
    if (file.from !== scanned.header.from)
      throw damaged(`segment \`${file.path}\` has another name than its header says`);
    const exchanged = scanned.frames.find(({ frame, hash }) => frame.seq === mark?.seq && hash !== mark.hash);
    if (exchanged !== undefined) throw damaged(`frame ${String(exchanged.frame.seq)} was exchanged`);
    if (scanned.end < bytes.length) await cut(file, scanned.end);
    found = withSegment(found, file, scanned);
  }
  return found;
}

function withSegment(
  found: Found | null,
  { path }: SegmentFile,
  { header, frames, end }: Extract<ScannedSegment, { ok: true }>,
): Found {
  const begin = { seq: header.from - 1, hash: header.prev };
  const known: Omit<Found, "spool" | "end"> = found ?? {
    segments: [],
    waiting: [],
    open: new OpenIntents(),
    begin,
    sealed: null,
  };
  const last = frames.at(-1);
  const place = last === undefined ? begin : { seq: last.frame.seq, hash: last.hash };
  const segment: Segment = { path, sizeBytes: end, lastSeq: place.seq };
  known.segments.push(segment);
  known.open.add(header.open);
  for (const { frame, hash, offset, length } of frames) {
    known.waiting.push({ seq: frame.seq, hash, segment, offset, length, entries: frame.entries.length });
    known.open.see(frame.entries);
  }
  const sealed = frames.findLast(({ frame }) => frame.disclosure !== undefined)?.frame;
  const box = sealed?.disclosure === undefined ? known.sealed : { seq: sealed.seq, box: sealed.disclosure };
  return { ...known, spool: header.spool, end: place, sealed: box };
}

/** A spool that has no frame yet. */
async function begin(files: SpoolFiles, { point, random }: SpoolOptions): Promise<Found> {
  const spool = Buffer.from(random(SPOOL_ID_BYTES)).toString("base64url");
  const place = { seq: 0, hash: textOf(chain.begin({ point, spool })) };
  const header = encodeBlock(printHeader({ point, spool, from: 1, prev: place.hash, open: [] }));
  const { path, handle } = await files.create(1, header);
  await handle.close();
  const segments = [{ path, sizeBytes: header.length, lastSeq: 0 }];
  return { spool, segments, waiting: [], open: new OpenIntents(), begin: place, end: place, sealed: null };
}
const SPOOL_ID_BYTES = 16;

async function cut({ path }: SegmentFile, end: number): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.truncate(end);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What a process that was killed had written, and not synced, is synced before it counts as durable. */
async function writerOf(files: SpoolFiles, { segments, end }: Found): Promise<SegmentWriter> {
  const handle: FileHandle = await open(segments.at(-1)?.path ?? "", "r+");
  await handle.sync();
  const writer = new SegmentWriter({ files, segments, handle, mark: await files.openMark() });
  if (end.seq > 0) await writer.note(end);
  return writer;
}

async function boxOf(
  files: SpoolFiles,
  { spool, sealed }: Found,
  { point, random }: SpoolOptions,
): Promise<DisclosureBox> {
  const key = await files.key(random, sealed === null);
  const box = key === null ? null : new DisclosureBox(key, { point, spool }, random);
  if (box === null || (sealed !== null && box.open(sealed.seq, sealed.box) === null))
    throw damaged("the key of the arguments in it is missing or another one");
  return box;
}

async function recover(spool: Spool, open: OpenIntents, { clock, random }: SpoolOptions): Promise<void> {
  const now = clock();
  const time = new Date(now).toISOString();
  const outcomes = open.all().map((intent) => unknownOutcome(intent, { id: newId("ent", now, random), time }));
  await Promise.all(outcomes.map(async (outcome) => await spool.append({ entries: [outcome] })));
}

function damaged(detail: string): AppError {
  return new AppError("ledger.damaged", {
    detail: `the spool of this point is damaged: ${detail}; keep its folder and join the gateway anew`,
  });
}

import { open } from "node:fs/promises";
import { AppError, type PointId } from "@countersign/core";
import type { SpoolFrame, SpoolRun } from "../control-plane.ts";
import { encodeBlock, readBlock } from "./block.ts";
import type { DisclosureBox } from "./disclosure-box.ts";
import { isFrameForm } from "./draft-form.ts";
import { isTooLarge } from "./frame-size.ts";
import { hashAfter, printFrame, printHeader, readFrame, textOf } from "./frame.ts";
import type { OpenIntents } from "./open-intents.ts";
import type { ChainPlace } from "./scan-segment.ts";
import type { SegmentWriter } from "./segment-writer.ts";
import type { SpoolLimits } from "./spool-limits.ts";
import { type WaitingFrame, oldestOf } from "./waiting-frame.ts";

export interface SpoolState {
  readonly point: PointId;
  readonly spool: string;
  readonly limits: SpoolLimits;
  readonly writer: SegmentWriter;
  readonly box: DisclosureBox;
  /** Lets another process open it. */
  readonly release: () => Promise<void>;
  readonly open: OpenIntents;
  /** Where the chain ends. */
  readonly end: ChainPlace;
  /** Before the first waiting frame. */
  readonly begin: ChainPlace;
  readonly waiting: WaitingFrame[];
}
/** A run that nobody has signed yet. */
export type UnsignedRun = Omit<SpoolRun, "key" | "signature">;

interface Queued extends ChainPlace {
  readonly frame: SpoolFrame;
  readonly text: (synced: number) => string;
  readonly sizeBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/**
 * What a point on another machine made durable and the control plane has not merged yet: an append-only chain of frames in files of its own
 * (ADR 0007). After the first failure it takes nothing more until it is opened again: what a failed sync left behind may or may not be there.
 */
export class Spool {
  readonly point: PointId;
  readonly id: string;
  private readonly state: SpoolState;
  private readonly waiting: WaitingFrame[];
  /** End of the chain as it will be when all that is queued is durable, and the end of what is durable. */
  private end: ChainPlace;
  private durable: ChainPlace;
  /** Up to where the control plane has merged. */
  private merged: ChainPlace;
  private queue: Queued[] = [];
  private draining: Promise<void> | null = null;
  private failure: AppError | null = null;
  private entries: number;
  private queuedBytes = 0;
  private grown: () => void = () => undefined;

  constructor(state: SpoolState) {
    this.state = state;
    this.point = state.point;
    this.id = state.spool;
    this.waiting = state.waiting;
    this.end = state.end;
    this.durable = state.end;
    this.merged = state.begin;
    this.entries = state.waiting.reduce((sum, { entries }) => sum + entries, 0);
  }

  /** Frames that are durable and not merged. */
  get length(): number {
    return this.waiting.length;
  }

  /** How often the disk was told to sync. */
  get syncs(): number {
    return this.state.writer.syncs;
  }

  /** Why nothing more is taken; null while all is well. */
  get fault(): AppError | null {
    return this.failure;
  }

  /**
   * Resolves when the frame is durable. All that wait share one sync.
   * @throws AppError `ledger.unavailable` when the spool is full or its disk failed, `ledger.damaged`, `input.too_large`, `input.invalid_json`
   */
  async append(frame: SpoolFrame): Promise<void> {
    this.refuse(frame);
    const chained = this.chained(frame);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.queue.push({ frame, ...chained, resolve, reject });
    this.entries += frame.entries.length;
    this.queuedBytes += chained.sizeBytes;
    this.draining ??= this.drain();
    await promise;
  }

  /** Called after frames became durable. */
  onGrowth(listener: () => void): void {
    this.grown = listener;
  }

  /**
   * The oldest frames that are not merged, at most so many of them and, beyond the first, so many bytes; null: there are none.
   * @throws AppError `ledger.damaged`, and from then on nothing is taken
   */
  async run(most: { readonly frames: number; readonly bytes: number }): Promise<UnsignedRun | null> {
    const taken = oldestOf(this.waiting, most);
    const [first] = taken;
    const last = taken.at(-1);
    if (first === undefined || last === undefined) return null;
    const bytes = await this.read(taken);
    const frames = taken.map((frame) => this.frameIn(bytes.subarray(frame.offset - first.offset), frame));
    const { point, spool } = this.state;
    const prev = this.merged.hash;
    return { point, spool, from: first.seq, to: last.seq, prev, hash: last.hash, frames: frames as never };
  }

  /**
   * The control plane has merged up to here: what is no longer needed is removed.
   * @throws AppError `ledger.damaged` when this is no place of this chain: then this spool is not the one that was merged
   */
  async confirm({ seq, hash }: ChainPlace): Promise<void> {
    if (seq < this.merged.seq) return;
    const at = seq - this.merged.seq - 1;
    const known = at === -1 ? this.merged : this.waiting[at];
    if (known?.seq !== seq || known.hash !== hash)
      throw this.fail(damaged("the control plane has merged something else than this spool holds"));
    for (const { entries } of this.waiting.splice(0, at + 1)) this.entries -= entries;
    this.merged = { seq, hash };
    try {
      await this.state.writer.removeUpTo(seq);
    } catch (error) {
      throw this.fail(unavailable("a segment that was merged cannot be removed", error));
    }
  }

  /** From here on nothing is taken. Returns the error for whoever wants to throw it. */
  fail(error: AppError): AppError {
    this.failure ??= error;
    for (const { reject } of this.queue.splice(0)) reject(error);
    return error;
  }

  async close(): Promise<void> {
    await this.draining;
    this.fail(unavailable("the spool is closed"));
    await this.state.writer.close();
    await this.state.release();
  }

  private refuse({ entries }: SpoolFrame): void {
    if (this.failure !== null) throw this.failure;
    const { limits, writer } = this.state;
    // What has begun may end: outcomes find room where nothing new does.
    const room = entries.every(({ kind }) => kind === "action.outcome") ? RESERVE : 1;
    const full =
      this.entries + entries.length > limits.entries * room || writer.bytes() + this.queuedBytes > limits.bytes * room;
    if (full) throw unavailable("the spool of this point is full: it waits for the control plane");
  }

  /** Links a frame to the chain, in the order of the calls. */
  private chained(frame: SpoolFrame): Pick<Queued, "text" | "seq" | "hash" | "sizeBytes"> {
    const { entries, disclosure } = frame;
    if (!isFrameForm(frame))
      throw new AppError("input.invalid_json", { detail: "an entry does not have the form of one" });
    const prev = this.end.hash;
    const seq = this.end.seq + 1;
    try {
      if (isTooLarge(frame)) throw new AppError("input.too_large", { detail: "too large for the spool of this point" });
      const sealed = disclosure === undefined ? {} : { disclosure: this.state.box.seal(seq, disclosure) };
      const hash = textOf(hashAfter(Buffer.from(prev, "base64url"), seq, entries));
      const text = printFrame({ seq, prev, entries, ...sealed });
      const sizeBytes = Buffer.byteLength(text(seq));
      this.end = { seq, hash };
      return { text, seq, hash, sizeBytes };
    } catch (error) {
      if (error instanceof RangeError)
        throw new AppError("input.invalid_json", { detail: "an entry holds something else than JSON", cause: error });
      throw error;
    }
  }

  private async drain(): Promise<void> {
    // The calls of this tick go together.
    await Promise.resolve();
    while (this.queue.length > 0 && this.failure === null) {
      const group = this.queue.splice(0);
      try {
        await this.write(group);
      } catch (error) {
        // A failed sync is never tried again: the system may have dropped the pages and would answer well.
        const failed = this.fail(unavailable("the spool of this point cannot be written", error));
        for (const { reject } of group) reject(failed);
      }
    }
    this.draining = null;
  }

  private async write(group: readonly Queued[]): Promise<void> {
    const { writer, limits } = this.state;
    if (writer.active().sizeBytes >= limits.segmentBytes) await this.roll();
    const blocks = group.map(({ text }) => encodeBlock(text(this.durable.seq)));
    const end = group.at(-1) ?? this.durable;
    const { segment, offset } = await writer.append(Buffer.concat(blocks), end.seq);
    let at = offset;
    for (const [i, { seq, hash, frame, sizeBytes }] of group.entries()) {
      const length = blocks[i]?.length ?? 0;
      this.waiting.push({ seq, hash, segment, offset: at, length, entries: frame.entries.length });
      this.state.open.see(frame.entries);
      this.queuedBytes -= sizeBytes;
      at += length;
    }
    this.durable = { seq: end.seq, hash: end.hash };
    for (const { resolve } of group) resolve();
    this.grown();
    await writer.note(this.durable);
  }

  private async roll(): Promise<void> {
    const { point, spool, open: intents, writer } = this.state;
    const from = this.durable.seq + 1;
    const header = { point, spool, from, prev: this.durable.hash, open: intents.all() };
    await writer.begin(encodeBlock(printHeader(header)), from);
    await writer.removeUpTo(this.merged.seq);
  }

  private async read(taken: readonly WaitingFrame[]): Promise<Buffer> {
    const [first] = taken;
    const bytes = Buffer.alloc(taken.reduce((sum, { length }) => sum + length, 0));
    try {
      const handle = await open(first?.segment.path ?? "", "r");
      try {
        await handle.read(bytes, 0, bytes.length, first?.offset ?? 0);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw this.fail(unavailable("the spool of this point cannot be read", error));
    }
    return bytes;
  }

  private frameIn(bytes: Buffer, place: ChainPlace): SpoolFrame {
    const block = readBlock(bytes, 0);
    const frame = block.ok ? readFrame(block.body) : null;
    if (frame?.seq !== place.seq) throw this.fail(damaged(`frame ${String(place.seq)} was changed on the disk`));
    if (frame.disclosure === undefined) return { entries: frame.entries };
    const disclosure = this.state.box.open(frame.seq, frame.disclosure);
    if (disclosure === null) throw this.fail(damaged(`the arguments in frame ${String(place.seq)} cannot be opened`));
    return { entries: frame.entries, disclosure };
  }
}

/** How far outcomes may go beyond the bound. */
const RESERVE = 1.125;

function unavailable(detail: string, cause?: unknown): AppError {
  return new AppError("ledger.unavailable", { detail, ...(cause === undefined ? {} : { cause }) });
}

function damaged(detail: string): AppError {
  return new AppError("ledger.damaged", { detail: `${detail}; keep this folder and join the gateway anew` });
}

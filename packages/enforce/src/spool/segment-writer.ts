import type { FileHandle } from "node:fs/promises";
import type { ChainPlace } from "./scan-segment.ts";
import { type SpoolFiles, markBlock } from "./spool-files.ts";

/** One file of a spool. */
export interface Segment {
  readonly path: string;
  sizeBytes: number;
  /** Number of its last frame; of an empty one, of the last frame before it. */
  lastSeq: number;
}

/** The only writer of a spool's files: appends to the last segment, begins the next one, removes those that are no longer needed. */
export class SegmentWriter {
  /** Oldest first; the last one is written to. */
  readonly segments: Segment[];
  syncs = 0;
  private readonly files: SpoolFiles;
  private readonly mark: FileHandle;
  private handle: FileHandle;
  private removing: Promise<void> = Promise.resolve();

  constructor(parts: {
    readonly files: SpoolFiles;
    readonly segments: Segment[];
    readonly handle: FileHandle;
    readonly mark: FileHandle;
  }) {
    this.files = parts.files;
    this.segments = parts.segments;
    this.handle = parts.handle;
    this.mark = parts.mark;
  }

  /** Resolves when the bytes are durable: one write, one sync. */
  async append(bytes: Buffer, lastSeq: number): Promise<{ readonly segment: Segment; readonly offset: number }> {
    const segment = this.active();
    const offset = segment.sizeBytes;
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, offset + done);
      done += bytesWritten;
    }
    await this.handle.datasync();
    this.syncs += 1;
    segment.sizeBytes = offset + bytes.length;
    segment.lastSeq = lastSeq;
    return { segment, offset };
  }

  /** Notes which frame is durable, so that its loss shows. Not synced: it never says more than what is true. */
  async note(place: ChainPlace): Promise<void> {
    const block = markBlock(place);
    await this.mark.write(block, 0, block.length, 0);
  }

  async begin(header: Buffer, from: number): Promise<void> {
    const { path, handle } = await this.files.create(from, header);
    await this.handle.close();
    this.handle = handle;
    this.segments.push({ path, sizeBytes: header.length, lastSeq: from - 1 });
  }

  /** Removes segments of which nothing is needed after `seq`, oldest first; never the last one. */
  async removeUpTo(seq: number): Promise<void> {
    const next = this.removing.then(async () => await this.removeNow(seq));
    this.removing = next.catch(() => undefined);
    await next;
  }

  private async removeNow(seq: number): Promise<void> {
    for (;;) {
      const [oldest, next] = this.segments;
      if (oldest === undefined || next === undefined || oldest.lastSeq > seq) return;
      await this.files.remove(oldest.path);
      this.segments.shift();
    }
  }

  active(): Segment {
    const last = this.segments.at(-1);
    if (last === undefined) throw new Error("a spool has a segment");
    return last;
  }

  bytes(): number {
    return this.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  async close(): Promise<void> {
    await this.handle.close();
    await this.mark.close();
  }
}

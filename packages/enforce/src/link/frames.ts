import { AppError } from "@countersign/core";

/** The line that whoever dials the point link says before TLS (ADR 0007). */
export const POINT_PREAMBLE = "countersign-point/1\n";

const HEAD_BYTES = 4;
/** Parts of a frame that are kept apart; a sender of single bytes must not make a million of them. */
const MOST_PARTS = 1024;

/** Takes frames out of a stream of bytes: four bytes of length, big-endian, then so many bytes. */
export class FrameReader {
  private readonly limitBytes: number;
  private parts: Buffer[] = [];
  private heldBytes = 0;
  /** Length of the frame that is being read; null before its head is whole. */
  private length: number | null = null;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** The frames that are whole now. @throws AppError `link.malformed` for one that is empty or too long */
  push(chunk: Buffer): Buffer[] {
    this.parts.push(chunk);
    this.heldBytes += chunk.length;
    if (this.parts.length > MOST_PARTS) this.parts = [Buffer.concat(this.parts, this.heldBytes)];
    const frames: Buffer[] = [];
    for (;;) {
      if (this.length === null) {
        if (this.heldBytes < HEAD_BYTES) return frames;
        this.length = this.bounded(this.take(HEAD_BYTES).readUInt32BE(0));
      }
      if (this.heldBytes < this.length) return frames;
      frames.push(this.take(this.length));
      this.length = null;
    }
  }

  private bounded(length: number): number {
    if (length > 0 && length <= this.limitBytes) return length;
    throw new AppError("link.malformed", { detail: `a frame of ${String(length)} bytes is not allowed here` });
  }

  /** A frame is copied only when it came in several parts. */
  private take(length: number): Buffer {
    const [first] = this.parts;
    const whole = this.parts.length === 1 && first !== undefined ? first : Buffer.concat(this.parts, this.heldBytes);
    this.heldBytes -= length;
    this.parts = this.heldBytes === 0 ? [] : [whole.subarray(length)];
    return whole.subarray(0, length);
  }
}

/** Head and body of one frame, in parts that are sent one after the other. */
export function frameOf(...body: readonly Buffer[]): Buffer[] {
  let length = 0;
  for (const part of body) length += part.length;
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32BE(length, 0);
  return [head, ...body];
}

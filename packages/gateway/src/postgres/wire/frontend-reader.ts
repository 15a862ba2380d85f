import { Malformed } from "./body.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { FrontendMessage } from "./frontend-message.ts";
import { readFrontendBody } from "./read-frontend-body.ts";

const COPY_DATA = 0x64;
/** Most bytes of a message that says little, and of one row of a `COPY` (PostgreSQL's own bound). */
const SMALL_BYTES = 8 * 1024;
const COPY_ROW_BYTES = 0x3fff_ffff;
/** Beside a text or parameters of the longest kind a message has names and numbers. */
const ROOM_BYTES = 64 * 1024;
/** What is left of a message that is passed on in pieces. */
const HEADER_BYTES = 5;

/** Codes of messages that carry SQL or its parameters. */
const LARGE: ReadonlySet<number> = new Set(Buffer.from("QPBF"));

/**
 * Reads the messages of a client as they arrive (protocol 3, after the start-up packet). Never throws: what is not the protocol is one
 * message `malformed`, and nothing after it is read.
 */
export class FrontendReader {
  readonly #queue = new ByteQueue();
  readonly #argumentsBytes: () => number;
  #copyLeft = 0;
  #isOver = false;

  /** `argumentsBytes`: most bytes of a statement, and of the parameters of one. */
  constructor(argumentsBytes: () => number) {
    this.#argumentsBytes = argumentsBytes;
  }

  push(chunk: Buffer): void {
    if (!this.#isOver) this.#queue.push(chunk);
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** The next message; null until more arrived. */
  next(): FrontendMessage | null {
    if (this.#isOver) return null;
    try {
      return this.#copyLeft > 0 ? this.#copyPiece() : this.#message();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#isOver = true;
      return { type: "malformed", reason: error.message };
    }
  }

  #message(): FrontendMessage | null {
    if (this.#queue.length < HEADER_BYTES) return null;
    const code = this.#queue.uint8(0);
    const sizeBytes = this.#queue.int32(1);
    this.#assertSize(code, sizeBytes);
    if (code === COPY_DATA) return this.#copyRun(sizeBytes);
    if (this.#queue.length < sizeBytes + 1) return null;
    this.#queue.take(HEADER_BYTES);
    return readFrontendBody(code, this.#queue.take(sizeBytes - 4));
  }

  #assertSize(code: number, sizeBytes: number): void {
    const argumentsBytes = this.#argumentsBytes() + ROOM_BYTES;
    const most = code === COPY_DATA ? COPY_ROW_BYTES : LARGE.has(code) ? argumentsBytes : SMALL_BYTES;
    if (sizeBytes < 4 || sizeBytes > most) throw new Malformed("a message has a length that it may not have");
  }

  /** As many whole rows as are there; of one that is not whole yet, its head and what is there of it. */
  #copyRun(firstBytes: number): FrontendMessage {
    let run = 0;
    let next = firstBytes;
    for (;;) {
      if (run + 1 + next > this.#queue.length) break;
      run += 1 + next;
      if (this.#queue.length - run < HEADER_BYTES || this.#queue.uint8(run) !== COPY_DATA) break;
      next = this.#queue.int32(run + 1);
      this.#assertSize(COPY_DATA, next);
    }
    if (run > 0) return { type: "copyData", bytes: this.#queue.take(run) };
    this.#copyLeft = 1 + firstBytes - this.#queue.length;
    return { type: "copyData", bytes: this.#queue.take(this.#queue.length) };
  }

  #copyPiece(): FrontendMessage | null {
    if (this.#queue.length === 0) return null;
    const piece = this.#queue.take(Math.min(this.#copyLeft, this.#queue.length));
    this.#copyLeft -= piece.length;
    return { type: "copyData", bytes: piece };
  }
}

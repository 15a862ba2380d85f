import { ByteQueue } from "./byte-queue.ts";

/** What a server sent. */
export type BackendEvent =
  /** Rows and rows of a COPY, whole, as they came: their columns are nobody's business here. */
  | { readonly type: "rows"; readonly bytes: Buffer; readonly count: number }
  /** A piece of one row that is too large to be kept; `last` ends it, and then it counts. */
  | { readonly type: "piece"; readonly bytes: Buffer; readonly last: boolean }
  /** Any other message: its code, its body, and all of it as it came. */
  | { readonly type: "message"; readonly code: number; readonly body: Buffer; readonly bytes: Buffer }
  /** Nothing more is read after it. */
  | { readonly type: "malformed"; readonly reason: string };

const DATA_ROW = 0x44;
const COPY_DATA = 0x64;
const HEADER_BYTES = 5;
/** Longest message that is kept until it is whole; a longer row passes in pieces. */
const KEPT_BYTES = 64 * 1024;
/** Most bytes of a message that is not a row. */
const MESSAGE_BYTES = 4 * 1024 * 1024;

/** Reads what a server sends, as it arrives. Rows pass as runs of bytes of which only the heads are looked at. Never throws. */
export class BackendReader {
  readonly #queue = new ByteQueue();
  #pieceLeft = 0;
  #isOver = false;

  push(chunk: Buffer): void {
    if (!this.#isOver) this.#queue.push(chunk);
  }

  next(): BackendEvent | null {
    if (this.#isOver) return null;
    if (this.#pieceLeft > 0) return this.#piece();
    if (this.#queue.length < HEADER_BYTES) return null;
    const code = this.#queue.uint8(0);
    const sizeBytes = this.#queue.int32(1);
    const isRow = code === DATA_ROW || code === COPY_DATA;
    if (sizeBytes < 4 || (!isRow && sizeBytes > MESSAGE_BYTES) || code < 0x31 || code > 0x7a) return this.#fail();
    if (isRow) return this.#rows(sizeBytes);
    if (this.#queue.length < sizeBytes + 1) return null;
    const bytes = this.#queue.take(sizeBytes + 1);
    return { type: "message", code, body: bytes.subarray(HEADER_BYTES), bytes };
  }

  #fail(): BackendEvent {
    this.#isOver = true;
    return { type: "malformed", reason: "the server sent what is not the protocol" };
  }

  #rows(firstBytes: number): BackendEvent | null {
    let run = 0;
    let count = 0;
    let next = firstBytes;
    while (run + 1 + next <= this.#queue.length) {
      run += 1 + next;
      count += 1;
      if (this.#queue.length - run < HEADER_BYTES) break;
      const code = this.#queue.uint8(run);
      if (code !== DATA_ROW && code !== COPY_DATA) break;
      next = this.#queue.int32(run + 1);
      if (next < 4) break;
    }
    if (run > 0) return { type: "rows", bytes: this.#queue.take(run), count };
    if (1 + firstBytes <= KEPT_BYTES) return null;
    this.#pieceLeft = 1 + firstBytes;
    return this.#piece();
  }

  #piece(): BackendEvent | null {
    if (this.#queue.length === 0) return null;
    const bytes = this.#queue.take(Math.min(this.#pieceLeft, this.#queue.length));
    this.#pieceLeft -= bytes.length;
    return { type: "piece", bytes, last: this.#pieceLeft === 0 };
  }
}

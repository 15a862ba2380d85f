const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines, without ever holding more than `maxBytes` of one. */
export class LineReader {
  readonly #maxBytes: number;
  readonly #onLine: (line: Buffer) => void;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(maxBytes: number, onLine: (line: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  /** Takes the next bytes. False when a line is longer than the bound: then nothing further may be fed. */
  feed(chunk: Buffer): boolean {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      const part = chunk.subarray(from, end < 0 ? chunk.length : end);
      if (this.#size + part.length > this.#maxBytes) return false;
      if (end < 0) {
        if (part.length > 0) this.#keep(part);
        return true;
      }
      this.#onLine(this.#take(part));
      from = end + 1;
    }
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
  }

  #take(last: Buffer): Buffer {
    if (this.#size === 0) return last;
    const line = Buffer.concat([...this.#parts, last], this.#size + last.length);
    this.#parts = [];
    this.#size = 0;
    return line;
  }
}

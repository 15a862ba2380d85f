/**
 * Bytes that arrived and were not taken yet. What is taken is a view that stays as it is: bytes that were handed out are never written
 * over. However small the pieces in which bytes arrive, the cost stays linear.
 */
export class ByteQueue {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** Whether `#bytes` was made here, so that there may be room behind its end. */
  #isOwn = false;

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Buffer): void {
    if (this.length === 0) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#isOwn = false;
      return;
    }
    if (!this.#isOwn || this.#end + chunk.length > this.#bytes.length) this.#grow(chunk.length);
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  /** The byte at that place; there must be one. */
  uint8(at: number): number {
    return this.#bytes.readUInt8(this.#start + at);
  }

  /** Four bytes, as a signed number, at that place; they must be there. */
  int32(at: number): number {
    return this.#bytes.readInt32BE(this.#start + at);
  }

  take(sizeBytes: number): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#start + sizeBytes);
    this.#start += sizeBytes;
    return taken;
  }

  #grow(moreBytes: number): void {
    const grown = Buffer.allocUnsafe(Math.max(1024, 2 * (this.length + moreBytes)));
    this.#bytes.copy(grown, 0, this.#start, this.#end);
    this.#end = this.length;
    this.#start = 0;
    this.#bytes = grown;
    this.#isOwn = true;
  }
}

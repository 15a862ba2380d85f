import { isUtf8 } from "node:buffer";

/** A message that does not have the form of its type. Caught by the reader of the stream, which ends with it. */
export class Malformed extends Error {}

/** Longest name of a prepared statement, portal, parameter or the like. */
const NAME_BYTES = 1024;

/** Reads the body of one message from front to back. Every method throws {@link Malformed} instead of reading past the end. */
export class Body {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  /** A count: sixteen bits without a sign, as the server reads it. */
  count(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  bytes(sizeBytes: number): Buffer {
    const at = this.#advance(sizeBytes);
    return this.#bytes.subarray(at, at + sizeBytes);
  }

  /** Text that ends with a zero byte: strict UTF-8, because what is judged has to be what the server reads. */
  text(mostBytes: number = Number.POSITIVE_INFINITY): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1) throw new Malformed("a text does not end");
    const bytes = this.#bytes.subarray(this.#at, end);
    if (bytes.length > mostBytes) throw new Malformed("a text is too long");
    if (!isUtf8(bytes)) throw new Malformed("a text is not UTF-8");
    this.#at = end + 1;
    return bytes.toString("utf8");
  }

  name(): string {
    return this.text(NAME_BYTES);
  }

  /** To be called last. */
  end(): void {
    if (this.left !== 0) throw new Malformed("a message is longer than what it says");
  }

  #advance(sizeBytes: number): number {
    const at = this.#at;
    if (sizeBytes < 0 || sizeBytes > this.left) throw new Malformed("a message is shorter than what it says");
    this.#at += sizeBytes;
    return at;
  }
}

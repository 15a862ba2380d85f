import type { Expected } from "./replies.ts";

/** Bytes for the server that wait for what they belong to. */
export class Gathered {
  #bytes: Buffer[] = [];
  #expected: Expected[] = [];
  #sizeBytes = 0;

  add(bytes: Buffer, expected: Expected): void {
    this.#bytes.push(bytes);
    this.#expected.push(expected);
    this.#sizeBytes += bytes.length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  take(): { readonly bytes: Buffer; readonly expected: readonly Expected[] } {
    const taken = { bytes: Buffer.concat(this.#bytes), expected: this.#expected };
    this.#bytes = [];
    this.#expected = [];
    this.#sizeBytes = 0;
    return taken;
  }
}

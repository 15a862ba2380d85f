import { LineReader } from "./line-reader.ts";

const CARRIAGE_RETURN = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const NEWLINE = Buffer.from("\n");

/**
 * Reads `text/event-stream` (WHATWG HTML, server-sent events) as MCP uses it: the data of each event of type `message` is one JSON-RPC
 * message. Identifiers and retry times are ignored: a stream is never resumed.
 */
export class EventStreamReader {
  readonly #lines: LineReader;
  readonly #maxBytes: number;
  readonly #onMessage: (data: Buffer) => void;
  #data: Buffer[] = [];
  #size = 0;
  #type = "message";
  #tooLarge = false;

  constructor(maxBytes: number, onMessage: (data: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#onMessage = onMessage;
    this.#lines = new LineReader(maxBytes, (line) => this.#line(line));
  }

  /** Takes the next bytes. False when one event is larger than the bound. */
  feed(chunk: Buffer): boolean {
    return this.#lines.feed(chunk) && !this.#tooLarge;
  }

  #line(raw: Buffer): void {
    const line = raw.at(-1) === CARRIAGE_RETURN ? raw.subarray(0, -1) : raw;
    if (line.length === 0) return this.#dispatch();
    const colon = line.indexOf(COLON);
    const name = line.toString("latin1", 0, colon < 0 ? Math.min(line.length, 16) : Math.min(colon, 16));
    const from = colon < 0 ? line.length : colon + (line[colon + 1] === SPACE ? 2 : 1);
    if (name === "event") this.#type = line.toString("utf8", from, from + 64);
    if (name !== "data") return;
    const value = line.subarray(from);
    this.#size += value.length + 1;
    if (this.#size > this.#maxBytes + 1) this.#tooLarge = true;
    else this.#data.push(value);
  }

  #dispatch(): void {
    const data = this.#data;
    const type = this.#type;
    this.#data = [];
    this.#size = 0;
    this.#type = "message";
    if (data.length === 0 || type !== "message") return;
    const [only] = data;
    const whole =
      data.length === 1 && only !== undefined
        ? only
        : Buffer.concat(data.flatMap((part, i) => (i === 0 ? [part] : [NEWLINE, part])));
    if (whole.length > 0) this.#onMessage(whole);
  }
}

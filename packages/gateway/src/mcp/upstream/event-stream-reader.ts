import { LineReader } from "./line-reader.ts";

const CARRIAGE_RETURN = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const NEWLINE = Buffer.from("\n");

/**
 * Reads `text/event-stream` (WHATWG HTML, server-sent events) as MCP uses it: the data of each event of type `message` is one JSON-RPC
 * message. What it takes to resume the stream is kept: the last identifier and the wait that the server asks for.
 */
export class EventStreamReader {
  readonly #lines: LineReader;
  readonly #maxBytes: number;
  readonly #onMessage: (data: Buffer) => void;
  #data: Buffer[] = [];
  #size = 0;
  #type = "message";
  #tooLarge = false;
  #id = "";
  #lastId = "";
  #retryMs: number | null = null;

  constructor(maxBytes: number, onMessage: (data: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#onMessage = onMessage;
    this.#lines = new LineReader(maxBytes, (line) => this.#line(line));
  }

  /** The identifier of the last event that was whole; empty: the stream cannot be resumed. */
  get lastId(): string {
    return this.#lastId;
  }
  /** How long the server wants its client to wait before it resumes; null: it did not say. */
  get retryMs(): number | null {
    return this.#retryMs;
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
    this.#field(name, line.subarray(from));
  }

  #field(name: string, value: Buffer): void {
    if (name === "event") this.#type = value.toString("utf8", 0, 64);
    else if (name === "id") this.#id = identifierOf(value) ?? this.#id;
    else if (name === "retry") this.#retryMs = waitOf(value) ?? this.#retryMs;
    else if (name === "data") this.#size += value.length + 1;
    if (this.#size > this.#maxBytes + 1) this.#tooLarge = true;
    else if (name === "data") this.#data.push(value);
  }

  #dispatch(): void {
    const data = this.#data;
    const type = this.#type;
    this.#data = [];
    this.#size = 0;
    this.#type = "message";
    this.#lastId = this.#id;
    if (data.length === 0 || type !== "message") return;
    const [only] = data;
    const whole =
      data.length === 1 && only !== undefined
        ? only
        : Buffer.concat(data.flatMap((part, i) => (i === 0 ? [part] : [NEWLINE, part])));
    if (whole.length > 0) this.#onMessage(whole);
  }
}

/** One that could not stand in a header is none. */
function identifierOf(value: Buffer): string | null {
  const text = value.toString("latin1", 0, 1025);
  return /^[\x21-\x7e]{0,1024}$/.test(text) ? text : null;
}

function waitOf(value: Buffer): number | null {
  const text = value.toString("latin1", 0, 8);
  return /^\d{1,7}$/.test(text) ? Number(text) : null;
}

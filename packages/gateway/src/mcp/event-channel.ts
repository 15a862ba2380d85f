import type { ServerResponse } from "node:http";

export interface EventChannelOptions {
  /** What its events are numbered under, so that a client that lost its connection can take it up again; null: it cannot. */
  readonly name: string | null;
  /** How long a lost client may stay away. Milliseconds. */
  readonly resumeMs: number;
}

const STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};
const EVENT = Buffer.from("event: message\ndata: ");
const EVENT_END = Buffer.from("\n\n");
const RETRY_MS = 1000;
/** What is kept for a client that comes back; the oldest goes first. */
const KEPT_BYTES = 1024 * 1024;
const KEPT_EVENTS = 512;
/** A client that takes in nothing for so long is given up. */
const STALLED_MS = 60_000;

interface Kept {
  readonly number: number;
  readonly frame: Buffer;
}

/**
 * Server-sent events to one client (MCP, Streamable HTTP): over one response, or, under a name, over as many as the client needs, each
 * taking up behind the last event that it saw (2025-11-25, resumability). What is kept for that is bounded.
 */
export class EventChannel {
  readonly #options: EventChannelOptions;
  readonly #onOver: (() => void)[] = [];
  #response: ServerResponse | null = null;
  #kept: Kept[] = [];
  #keptBytes = 0;
  #number = 0;
  #ended = false;
  #over = false;
  #waiting: NodeJS.Timeout | undefined;

  constructor(options: EventChannelOptions) {
    this.#options = options;
  }

  /** True once nothing can reach the client over this channel any more. */
  get over(): boolean {
    return this.#over;
  }
  /** True while its client has lost it and may come back. */
  get away(): boolean {
    return this.#response === null && !this.#over;
  }
  /** What was written and not taken in. Bytes. */
  get backlogBytes(): number {
    return this.#response?.writableLength ?? 0;
  }
  onceOver(callback: () => void): void {
    if (this.#over) callback();
    else this.#onOver.push(callback);
  }

  /** Goes on over this response; `after`: the number of the last event that the client saw, null for a new client. */
  attach(response: ServerResponse, after: number | null): void {
    const before = this.#response;
    this.#response = response;
    clearTimeout(this.#waiting);
    before?.end();
    response.writeHead(200, STREAM_HEADERS);
    response.flushHeaders();
    const { name } = this.#options;
    if (name !== null && after === null) response.write(`id: ${name}-0\nretry: ${String(RETRY_MS)}\ndata:\n\n`);
    for (const { number, frame } of this.#kept) if (after === null || number > after) response.write(frame);
    response.once("close", () => {
      if (this.#response === response) this.#lost(response.writableFinished);
    });
    if (this.#ended) this.#finish(response);
    else if (response.destroyed) this.#lost(false);
  }

  /** One message; `pieces` together are its JSON text. */
  event(pieces: readonly Buffer[]): void {
    if (this.#over || this.#ended) return;
    this.#number += 1;
    const { name } = this.#options;
    const id = name === null ? [] : [Buffer.from(`id: ${name}-${String(this.#number)}\n`)];
    const frame = [...id, EVENT, ...pieces.map(onOneLine), EVENT_END];
    if (name !== null) this.#keep(frame);
    if (this.#response !== null) for (const piece of frame) this.#response.write(piece);
  }

  /** Keeps the connection from looking dead. */
  beat(): void {
    if (!this.#ended) this.#response?.write(": waiting\n\n");
  }

  /** No further message comes. */
  end(): void {
    if (this.#ended || this.#over) return;
    this.#ended = true;
    if (this.#response !== null) this.#finish(this.#response);
  }

  /** What was kept for a client that is away is not told any more. */
  forget(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }

  /** Ends the connection: what was not taken in is never sent. */
  cut(): void {
    this.#ended = true;
    this.forget();
    this.#response?.destroy();
    this.#finished();
  }

  #finish(response: ServerResponse): void {
    response.end();
    if (response.writableLength > 0) response.setTimeout(STALLED_MS, () => response.destroy());
  }

  #keep(frame: readonly Buffer[]): void {
    const whole = Buffer.concat(frame);
    if (whole.length > KEPT_BYTES) return;
    this.#kept.push({ number: this.#number, frame: whole });
    this.#keptBytes += whole.length;
    while (this.#keptBytes > KEPT_BYTES || this.#kept.length > KEPT_EVENTS)
      this.#keptBytes -= this.#kept.shift()?.frame.length ?? 0;
  }

  #lost(finished: boolean): void {
    this.#response = null;
    if (this.#options.name === null || (this.#ended && finished)) return this.#finished();
    this.#waiting = setTimeout(() => this.#finished(), this.#options.resumeMs).unref();
  }

  #finished(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#waiting);
    this.forget();
    for (const callback of this.#onOver.splice(0)) callback();
  }
}

/** In JSON a line break stands only between tokens, where a space does as well; in an event it would end the data. */
function onOneLine(piece: Buffer): Buffer {
  if (!piece.includes(0x0a) && !piece.includes(0x0d)) return piece;
  const copy = Buffer.from(piece);
  for (let at = 0; at < copy.length; at += 1) if (copy[at] === 0x0a || copy[at] === 0x0d) copy[at] = 0x20;
  return copy;
}

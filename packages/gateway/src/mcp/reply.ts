import type { ServerResponse } from "node:http";
import type { Era, RequestId } from "./protocol.ts";

export interface ReplyOptions {
  readonly era: Era;
  readonly id: RequestId;
  /** What the client takes, by its `Accept`. */
  readonly accepts: { readonly json: boolean; readonly stream: boolean };
  /** After this time without an answer the reply goes on as a stream. Milliseconds. */
  readonly streamAfterMs: number;
}

const BEAT_MS = 15_000;
/** A client that takes in nothing for so long is given up. */
const STALLED_MS = 60_000;
/** Progress that the client does not take in is dropped beyond this. */
const BACKLOG_BYTES = 1024 * 1024;
const ONE_WRITE_BYTES = 256 * 1024;
const STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};
const EVENT = Buffer.from("event: message\ndata: ");
const EVENT_END = Buffer.from("\n\n");
const CLOSE = Buffer.from("}");

/** The HTTP response to one JSON-RPC request: plain JSON, or an event stream once something comes before the answer. Written once. */
export class Reply {
  readonly era: Era;
  readonly id: RequestId;
  readonly #response: ServerResponse;
  readonly #options: ReplyOptions;
  #streaming = false;
  #done = false;
  #timer: NodeJS.Timeout;

  constructor(response: ServerResponse, options: ReplyOptions) {
    this.era = options.era;
    this.id = options.id;
    this.#response = response;
    this.#options = options;
    this.#timer = setTimeout(() => this.#beat(), options.streamAfterMs).unref();
    response.once("close", () => {
      this.#done = true;
      clearTimeout(this.#timer);
    });
  }

  /** False once the answer was written or the client is gone. */
  get open(): boolean {
    return !this.#done;
  }

  /** True while the client has not taken in all that was written. */
  get unread(): boolean {
    return !this.#response.writableFinished && !this.#response.destroyed;
  }

  onceOver(callback: () => void): void {
    this.#response.once("close", callback);
  }

  /** Ends the connection: what was not taken in is never sent. */
  cut(): void {
    this.#response.destroy();
  }

  /** A notification before the answer; dropped when the client takes no stream or does not keep up. */
  notification(text: string): void {
    if (this.#done || !this.#options.accepts.stream || this.#response.writableLength > BACKLOG_BYTES) return;
    this.#stream();
    this.#response.write(`event: message\ndata: ${text}\n\n`);
  }

  /** `pieces` together are the JSON text of the result. */
  result(pieces: readonly Buffer[]): void {
    this.#finish(200, [Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(this.id)},"result":`), ...pieces, CLOSE]);
  }

  /** `status` counts only while nothing was written. */
  error(error: { readonly code: number; readonly message: string; readonly data?: unknown }, status = 200): void {
    const text = JSON.stringify({ jsonrpc: "2.0", id: this.id, error });
    this.#finish(status, [Buffer.from(text, "utf8")]);
  }

  /** A problem document (RFC 9457) instead of a JSON-RPC answer; within a stream it can only be the end. */
  problem(status: number, document: object, headers: Readonly<Record<string, string>>): void {
    if (this.#done) return;
    if (this.#streaming) return this.end();
    this.#end();
    const body = Buffer.from(JSON.stringify(document), "utf8");
    this.#response.writeHead(status, {
      "content-type": "application/problem+json",
      "content-length": body.length,
      ...headers,
    });
    this.#response.end(body);
  }

  /** Ends without an answer: the client cancelled its request. */
  end(): void {
    if (this.#done) return;
    this.#stream();
    this.#end();
    this.#response.end();
  }

  #finish(status: number, pieces: readonly Buffer[]): void {
    if (this.#done) return;
    const { json } = this.#options.accepts;
    if (!json) this.#stream();
    this.#end();
    const response = this.#response;
    if (this.#streaming) return end(response, [EVENT, ...pieces.map(onOneLine), EVENT_END]);
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    response.writeHead(status, {
      "content-type": "application/json",
      "cache-control": "no-store",
      "content-length": size,
    });
    end(response, pieces);
  }

  #stream(): void {
    if (this.#streaming) return;
    this.#streaming = true;
    this.#response.writeHead(200, STREAM_HEADERS);
    this.#response.flushHeaders();
  }

  /** Long silence: from the first beat on the reply is a stream, then comments keep it alive. */
  #beat(): void {
    if (this.#done || !this.#options.accepts.stream) return;
    this.#stream();
    this.#response.write(": waiting\n\n");
    this.#timer = setTimeout(() => this.#beat(), BEAT_MS).unref();
  }

  #end(): void {
    this.#done = true;
    clearTimeout(this.#timer);
  }
}

/**
 * Small bodies leave in one write, and as a text of one byte each in one with their head. (Node 24 loses what is written to a corked
 * response that is sent in chunks.)
 */
function end(response: ServerResponse, pieces: readonly Buffer[]): void {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (size <= ONE_WRITE_BYTES) response.end(Buffer.concat(pieces, size).toString("latin1"), "latin1");
  else {
    for (const piece of pieces) response.write(piece);
    response.end();
  }
  if (response.writableLength > 0) response.setTimeout(STALLED_MS, () => response.destroy());
}

/** In JSON a line break stands only between tokens, where a space does as well; in an event it would end the data. */
function onOneLine(piece: Buffer): Buffer {
  if (!piece.includes(0x0a) && !piece.includes(0x0d)) return piece;
  const copy = Buffer.from(piece);
  for (let at = 0; at < copy.length; at += 1) if (copy[at] === 0x0a || copy[at] === 0x0d) copy[at] = 0x20;
  return copy;
}

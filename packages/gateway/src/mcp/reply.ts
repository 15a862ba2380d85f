import type { ServerResponse } from "node:http";
import type { EventChannel } from "./event-channel.ts";
import { type Era, RPC, type RequestId } from "./protocol.ts";

export interface ReplyOptions {
  readonly era: Era;
  readonly id: RequestId;
  /** What the client takes, by its `Accept`. */
  readonly accepts: { readonly json: boolean; readonly stream: boolean };
  /** After this time without an answer the reply goes on as a stream. Milliseconds. */
  readonly streamAfterMs: number;
  /** Makes the channel of such a stream. */
  readonly channel: () => EventChannel;
}
export interface RpcErrorShown {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

const BEAT_MS = 15_000;
/** A client that takes in nothing for so long is given up. */
const STALLED_MS = 60_000;
/** Notifications that the client does not take in are dropped beyond this. */
const BACKLOG_BYTES = 1024 * 1024;
const ONE_WRITE_BYTES = 256 * 1024;
const CLOSE = Buffer.from("}");

/** The HTTP response to one JSON-RPC request: plain JSON, or an event stream once something comes before the answer. Answered once. */
export class Reply {
  readonly era: Era;
  readonly id: RequestId;
  readonly #response: ServerResponse;
  readonly #options: ReplyOptions;
  readonly #onGone: (() => void)[] = [];
  #channel: EventChannel | null = null;
  #done = false;
  #timer: NodeJS.Timeout;

  constructor(response: ServerResponse, options: ReplyOptions) {
    this.era = options.era;
    this.id = options.id;
    this.#response = response;
    this.#options = options;
    this.#timer = setTimeout(() => this.#beat(), options.streamAfterMs).unref();
    response.once("close", () => {
      if (this.#channel === null) this.#over();
    });
  }

  /** False once the answer was written or the client is gone. */
  get open(): boolean {
    return !this.#done;
  }
  /** Whether anything can be told before the answer. */
  get streams(): boolean {
    return this.#options.accepts.stream;
  }
  /** True while the client has not taken in all that was written. */
  get unread(): boolean {
    return this.#channel === null ? !this.#response.writableFinished && !this.#response.destroyed : !this.#channel.over;
  }

  onceOver(callback: () => void): void {
    if (this.#channel === null) this.#response.once("close", callback);
    else this.#channel.onceOver(callback);
  }
  /** The client went away before its answer, and did not come back. */
  onceGone(callback: () => void): void {
    this.#onGone.push(callback);
    if (this.#response.destroyed && this.#channel === null && !this.#done) this.#over();
  }

  /** INV-3: a stop covers this. Nothing that was written and not taken in is sent any more; a refusal may still follow what was. */
  stop(): void {
    if (this.#channel === null) {
      if (this.#done) this.#response.destroy();
      return;
    }
    if (this.#done || this.#channel.backlogBytes > 0) this.#channel.cut();
    else this.#channel.forget();
  }

  /** A notification before the answer; dropped when the client takes no stream or does not keep up. */
  notification(text: string): void {
    if (this.#done || !this.streams || (this.#channel?.backlogBytes ?? 0) > BACKLOG_BYTES) return;
    this.message(text);
  }

  /** A message before the answer that must not be lost: a question to the client. */
  message(text: string): void {
    if (!this.#done) this.#stream().event([Buffer.from(text, "utf8")]);
  }

  /** `pieces` together are the JSON text of the result. */
  result(pieces: readonly Buffer[]): void {
    this.#finish(200, [Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(this.id)},"result":`), ...pieces, CLOSE]);
  }

  /** `status` counts only while nothing was written; by default it is that of the code (2026-07-28, Streamable HTTP). */
  error(error: RpcErrorShown, status: number = this.era === "modern" ? (STATUS[error.code] ?? 200) : 200): void {
    const text = JSON.stringify({ jsonrpc: "2.0", id: this.id, error });
    this.#finish(status, [Buffer.from(text, "utf8")]);
  }

  /** A problem document (RFC 9457) instead of a JSON-RPC answer; within a stream it can only be the end. */
  problem(status: number, document: object, headers: Readonly<Record<string, string>>): void {
    if (this.#done) return;
    if (this.#channel !== null) return this.end();
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
    const channel = this.#stream();
    this.#end();
    channel.end();
  }

  #finish(status: number, pieces: readonly Buffer[]): void {
    if (this.#done) return;
    if (!this.#options.accepts.json) this.#stream();
    this.#end();
    if (this.#channel !== null) {
      this.#channel.event(pieces);
      return this.#channel.end();
    }
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#response.writeHead(status, {
      "content-type": "application/json",
      "cache-control": "no-store",
      "content-length": size,
    });
    end(this.#response, pieces, size);
  }

  #stream(): EventChannel {
    if (this.#channel !== null) return this.#channel;
    const channel = this.#options.channel();
    this.#channel = channel;
    channel.onceOver(() => this.#over());
    channel.attach(this.#response, null);
    return channel;
  }

  /** Long silence: from the first beat on the reply is a stream, then comments keep it alive. */
  #beat(): void {
    if (this.#done || !this.streams) return;
    this.#stream().beat();
    this.#timer = setTimeout(() => this.#beat(), BEAT_MS).unref();
  }

  #end(): void {
    this.#done = true;
    clearTimeout(this.#timer);
  }

  #over(): void {
    if (this.#done) return;
    this.#end();
    for (const callback of this.#onGone) callback();
  }
}

/** Errors that have a status of their own in 2026-07-28. */
const STATUS: Readonly<Record<number, number>> = { [RPC.missingCapability]: 400, [RPC.headerMismatch]: 400 };

/**
 * Small bodies leave in one write, and as a text of one byte each in one with their head. (Node 24 loses what is written to a corked
 * response that is sent in chunks.)
 */
function end(response: ServerResponse, pieces: readonly Buffer[], size: number): void {
  if (size <= ONE_WRITE_BYTES) response.end(Buffer.concat(pieces, size).toString("latin1"), "latin1");
  else {
    for (const piece of pieces) response.write(piece);
    response.end();
  }
  if (response.writableLength > 0) response.setTimeout(STALLED_MS, () => response.destroy());
}

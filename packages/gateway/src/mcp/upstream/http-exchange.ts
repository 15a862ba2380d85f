import type { IncomingMessage } from "node:http";
import type { ChannelEvents, Outgoing, UpstreamFault } from "./channel.ts";
import { EventStreamReader } from "./event-stream-reader.ts";

export interface ExchangeOptions {
  readonly message: Outgoing;
  readonly events: ChannelEvents;
  readonly answerBytes: number;
  /** The message names a session of the upstream. */
  readonly inSession: boolean;
  /** The upstream named a session. */
  readonly session: (id: string) => void;
  /** The stream ended where it can be taken up again: behind that event, after that wait. False: it cannot. */
  readonly resume: (exchange: HttpExchange, at: ResumePoint) => boolean;
}
export interface ResumePoint {
  readonly lastId: string;
  /** What the upstream asked for. */
  readonly retryMs: number | null;
}

const VISIBLE = /^[\x21-\x7e]{1,1024}$/;
const ERROR_BODY_BYTES = 64 * 1024;

export function down(error: Error): UpstreamFault {
  const code = (error as NodeJS.ErrnoException).code ?? "closed";
  return { code: "upstream.down", reason: `the upstream cannot be reached (${code})` };
}

/** One POST to an upstream and everything that comes back on it. */
export class HttpExchange {
  readonly #options: ExchangeOptions;
  #over = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** True once nothing that comes counts any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Nothing that comes from now on counts. */
  stop(): void {
    this.#over = true;
  }

  /** Ends the exchange without an answer. A failure of the connection itself may come before `send`. */
  fail(fault: UpstreamFault): void {
    if (this.#over) return;
    this.#over = true;
    const { message, events } = this.#options;
    if (message.id !== null) events.lost(message.id, fault);
  }

  take(response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    const { inSession, events, message, session } = this.#options;
    if ((status === 404 || status === 400) && inSession) {
      response.resume();
      this.#over = true;
      return events.lost(null, { code: "upstream.down", reason: "the upstream forgot its session; try again" });
    }
    const named = response.headers["mcp-session-id"];
    if (typeof named === "string" && VISIBLE.test(named)) session(named);
    response.on("error", (error) => this.fail(down(error)));
    const type = essence(response.headers["content-type"]);
    const fault = statusFault(status, type);
    if (fault === null && type === "text/event-stream") return this.#stream(response);
    // What is no request has no answer, whatever the body says.
    if (fault === null && message.id !== null) return this.#body(response, status);
    response.resume();
    if (fault !== null) this.fail(fault);
  }

  #stream(response: IncomingMessage): void {
    const { events, answerBytes, message } = this.#options;
    const reader = new EventStreamReader(answerBytes, (data) => {
      if (!this.#over) events.message(data, message.id);
    });
    response.on("data", (chunk: Buffer) => {
      if (this.#over || reader.feed(chunk)) return;
      this.fail({
        code: "upstream.garbage",
        reason: `the upstream sent a message of more than ${String(answerBytes)} bytes`,
      });
      response.destroy();
    });
    response.once("close", () => {
      const { lastId, retryMs } = reader;
      const resumable = !this.#over && (lastId !== "" || message.id === null);
      if (resumable && this.#options.resume(this, { lastId, retryMs })) return;
      this.fail({ code: "upstream.down", reason: "the upstream ended its answer before it was complete" });
    });
  }

  #body(response: IncomingMessage, status: number): void {
    const { events, message } = this.#options;
    const good = status >= 200 && status < 300;
    const bound = good ? this.#options.answerBytes : ERROR_BODY_BYTES;
    const parts: Buffer[] = [];
    let size = 0;
    response.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bound) parts.push(chunk);
      else response.destroy();
    });
    response.once("close", () => {
      if (this.#over) return;
      if (size > bound)
        this.fail({
          code: "upstream.garbage",
          reason: `the upstream sent a message of more than ${String(bound)} bytes`,
        });
      else if (!response.complete)
        this.fail({ code: "upstream.down", reason: "the upstream ended its answer before it was complete" });
      else {
        events.message(Buffer.concat(parts, size), message.id);
        // Whatever the message did not settle, nothing else will.
        this.fail({
          code: "upstream.garbage",
          reason: `the upstream answered with HTTP ${String(status)} but without an answer`,
        });
      }
    });
  }
}

function essence(type = ""): string {
  return (/^[^;]*/.exec(type)?.[0] ?? "").trim().toLowerCase();
}

/** Why an answer cannot hold a message; null when it can. An error of JSON-RPC may come with any status from 400 on. */
function statusFault(status: number, type: string): UpstreamFault | null {
  if (status >= 300 && status < 400)
    return { code: "upstream.garbage", reason: "the upstream redirects, which is not followed" };
  if (status === 401 || status === 403) {
    return { code: "upstream.down", reason: `the upstream refused our credential (HTTP ${String(status)})` };
  }
  if (type === "application/json" || (type === "text/event-stream" && status < 300)) return null;
  return {
    code: status >= 500 ? "upstream.down" : "upstream.garbage",
    reason: `the upstream answered with HTTP ${String(status)}`,
  };
}

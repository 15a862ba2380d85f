import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { MODERN_VERSION } from "../protocol.ts";
import type { Channel, ChannelEvents, Outgoing, Reserved, UpstreamFault } from "./channel.ts";
import { HttpExchange, type ResumePoint, down } from "./http-exchange.ts";

export interface HttpOptions {
  readonly url: URL;
  /** Sent with each request, its token among them; the protocol's own win. */
  readonly headers: Readonly<Record<string, string>>;
  readonly connectMs: number;
  readonly answerBytes: number;
  readonly events: ChannelEvents;
}

/**
 * How long a connection is kept that nobody uses. Less than what upstreams commonly allow, and than what this one says that it allows (which
 * the agent of Node minds only beside a time of its own): a call that meets a connection just being closed fails, and may not be repeated.
 */
const IDLE_MS = 4000;
/** A reserved connection that was never used is given back after this time. */
const RESERVED_MS = 120_000;
/** Shortest and longest wait before a stream is taken up again, and how often an answer is waited for in a row without a word of it. */
const AGAIN_MS = { least: 100, most: 60_000 } as const;
const MAX_SILENT = 5;

/** An upstream that speaks Streamable HTTP, of either era. Redirects are not followed. */
export class HttpChannel implements Channel {
  readonly #options: HttpOptions;
  readonly #agent: Agent;
  readonly #open = new Set<ClientRequest>();
  #session: string | null = null;
  #version: string | null = null;
  #ended: UpstreamFault | null = null;

  constructor(options: HttpOptions) {
    this.#options = options;
    const settings = { keepAlive: true, timeout: IDLE_MS, maxSockets: 256, scheduling: "lifo" } as const;
    this.#agent = options.url.protocol === "https:" ? new TlsAgent(settings) : new Agent(settings);
  }

  get abortCancels(): boolean {
    return this.#version === MODERN_VERSION;
  }

  adopt(protocolVersion: string): void {
    this.#version = protocolVersion;
  }

  async reserve(message: Outgoing, signal?: AbortSignal): Promise<Reserved> {
    if (this.#ended !== null) return { ok: false, ...this.#ended };
    const { events, answerBytes } = this.#options;
    const exchange = new HttpExchange({
      message,
      events,
      answerBytes,
      inSession: this.#session !== null,
      session: (id) => this.#adoptSession(message, id),
      resume: this.#resumption(message.id),
    });
    const headers = { "content-type": "application/json", "content-length": message.bytes.length, ...message.headers };
    const request = this.#request("POST", headers, (response) => exchange.take(response));
    request.on("error", (error) => exchange.fail(down(error)));
    const fault = await this.#connected(request, signal);
    if (fault !== null) {
      request.destroy();
      return { ok: false, ...fault };
    }
    const unused = setTimeout(() => request.destroy(), RESERVED_MS).unref();
    return {
      ok: true,
      send: () => {
        clearTimeout(unused);
        // With its socket connected, `end` writes head and body before it returns.
        if (!request.destroyed) request.end(message.bytes);
        else if (message.id !== null)
          events.lost(message.id, { code: "upstream.down", reason: "the upstream closed its connection" });
      },
      abort: () => {
        clearTimeout(unused);
        exchange.stop();
        request.destroy();
      },
    };
  }

  /** Opens the stream on which a 2025 server sends what belongs to no request. Servers that have none answer 405. */
  listen(): void {
    const { events, answerBytes } = this.#options;
    const message: Outgoing = { bytes: Buffer.alloc(0), method: "", id: null, headers: {}, openEnded: true };
    const session = (): void => undefined;
    const resume = this.#resumption(null);
    this.#get(new HttpExchange({ message, events, answerBytes, inSession: false, session, resume }), "");
  }

  /** Takes up a stream behind the last event that came (2025-11-25, resumability). Nothing of a call is sent for it. */
  #resumption(id: number | null): (exchange: HttpExchange, at: ResumePoint) => boolean {
    let last = "";
    let silent = 0;
    const { awaited } = this.#options.events;
    return (exchange, { lastId, retryMs }) => {
      if (id !== null && !awaited(id)) return false;
      silent = lastId === last ? silent + 1 : 0;
      last = lastId;
      if (this.#ended !== null || this.abortCancels || (id !== null && silent > MAX_SILENT)) return false;
      const waitMs = Math.max(retryMs ?? 1000, AGAIN_MS.least) * 2 ** Math.min(silent, MAX_SILENT);
      setTimeout(() => this.#get(exchange, lastId), Math.min(waitMs, AGAIN_MS.most)).unref();
      return true;
    };
  }

  #get(exchange: HttpExchange, lastId: string): void {
    if (exchange.over) return;
    if (this.#ended !== null) return exchange.fail(this.#ended);
    const resuming = lastId === "" ? {} : { "last-event-id": lastId };
    const headers = { accept: "text/event-stream", ...resuming };
    const request = this.#request("GET", headers, (response) => exchange.take(response));
    request.on("error", (error) => exchange.fail(down(error)));
    request.end();
  }

  async close(reason: string): Promise<void> {
    if (this.#ended !== null) return;
    this.#end({ code: "upstream.down", reason });
    if (this.#session !== null) await this.#leave();
    this.#agent.destroy();
  }

  #request(
    method: string,
    own: Record<string, string | number>,
    answer: (response: IncomingMessage) => void,
  ): ClientRequest {
    const { url, headers } = this.#options;
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(url, {
      method,
      agent: this.#agent,
      headers: {
        ...headers,
        accept: "application/json, text/event-stream",
        ...own,
        ...(this.#session === null ? {} : { "mcp-session-id": this.#session }),
        ...(this.#version === null || "mcp-protocol-version" in own ? {} : { "mcp-protocol-version": this.#version }),
      },
    });
    this.#open.add(request);
    request.once("close", () => this.#open.delete(request));
    request.once("response", answer);
    return request;
  }

  /** Waits until the request has a connected socket, so that its bytes leave in the tick in which they are written. */
  async #connected(request: ClientRequest, signal: AbortSignal | undefined): Promise<UpstreamFault | null> {
    const secure = this.#options.url.protocol === "https:";
    return await new Promise((resolve) => {
      const finish = (fault: UpstreamFault | null): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        resolve(fault);
      };
      const aborted = (): void => finish({ code: "upstream.down", reason: "the call was given up" });
      const late = (): void =>
        finish({ code: "upstream.timeout", reason: "the upstream did not accept a connection in time" });
      const timer = setTimeout(late, this.#options.connectMs);
      request.on("error", (error) => finish(down(error)));
      request.once("socket", (socket) => {
        if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", () => finish(null));
        else finish(null);
      });
      if (signal?.aborted === true) aborted();
      else signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  #adoptSession(message: Outgoing, id: string): void {
    if (message.method === "initialize") this.#session = id;
  }

  /** Tells a 2025 server that its session is over; it may not care. */
  async #leave(): Promise<void> {
    await new Promise<void>((resolve) => {
      const request = this.#request("DELETE", {}, (response) => response.resume());
      request.setTimeout(1000, () => request.destroy());
      request.on("error", () => undefined);
      request.once("close", resolve);
      request.end();
    });
  }

  #end(fault: UpstreamFault): void {
    this.#ended = fault;
    this.#options.events.lost(null, fault);
    for (const request of this.#open) request.destroy();
  }
}

import type { Readable, Writable } from "node:stream";
import { EventStreamReader, LineReader, type MirroredParam, mirroredParams } from "@countersign/gateway";
import type { Json } from "@countersign/core";
import { type LegacySession, gatewayHeaders } from "./gateway-headers.ts";
import { httpFault } from "./http-fault.ts";
import { type RpcMessage, errorText, objectOf, readRpcMessage } from "./rpc-message.ts";
import { followSession } from "./session-stream.ts";
import { type BridgeLog, type GatewayResponse, MESSAGE_BYTES, type Send, wholeBody } from "./send.ts";

export interface StdioBridgeOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly send: Send;
  readonly log: BridgeLog;
}
export interface StdioBridge {
  /** Resolves when the client closed its side or `close` was called, and everything under way was given up. */
  readonly done: Promise<void>;
  close(): void;
}

const SERVER_ERROR = -32000;
const PARSE_ERROR = -32700;

/**
 * An MCP server on a pipe that is really the gateway: each line of the client becomes a POST, whatever comes back becomes lines, in the
 * order in which it came. The era is the client's own. Nothing but messages of the protocol is ever written to `output`.
 */
export function startStdioBridge(options: StdioBridgeOptions): StdioBridge {
  const bridge = new Bridge(options);
  return { done: bridge.done, close: () => bridge.close() };
}

class Bridge {
  readonly done: Promise<void>;
  readonly #options: StdioBridgeOptions;
  readonly #underWay = new Map<AbortController, RpcMessage>();
  readonly #mirrored = new Map<string, readonly MirroredParam[]>();
  #session: LegacySession = { id: null, version: null };
  /** Ends what hears of the session besides its requests. */
  #followed = new AbortController();
  #writing: Promise<void> = Promise.resolve();
  #finish: () => void = () => undefined;
  #closed = false;

  constructor(options: StdioBridgeOptions) {
    this.#options = options;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const lines = new LineReader(MESSAGE_BYTES, (line) => this.#line(line));
    const { input, output } = options;
    input.on("data", (chunk: Buffer) => {
      if (this.#closed || lines.feed(chunk)) return;
      options.log.warn({ bytes: MESSAGE_BYTES }, "the client sent a line that is too long");
      this.close();
    });
    for (const event of ["end", "close", "error"]) input.once(event, () => this.close());
    output.on("error", () => this.close());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#followed.abort();
    for (const controller of this.#underWay.keys()) controller.abort();
    this.#options.input.pause();
    this.#writing.finally(() => this.#finish()).catch(() => undefined);
  }

  #line(line: Buffer): void {
    const text = line.toString("utf8");
    if (this.#closed || text.trim() === "") return;
    const message = readRpcMessage(text);
    if (message === null) return this.#write(errorText(null, { code: PARSE_ERROR, message: "the line is not JSON" }));
    if (message.method === "notifications/cancelled") this.#cancel(message.params["requestId"]);
    const controller = new AbortController();
    this.#underWay.set(controller, message);
    this.#relay(text, message, controller.signal)
      .catch((error: unknown) => this.#failed(message, controller.signal, error))
      .finally(() => this.#underWay.delete(controller))
      .catch(() => undefined);
  }

  /** The gateway takes a closed connection for a cancelled call; the client expects no answer to it. */
  #cancel(id: unknown): void {
    for (const [controller, message] of this.#underWay)
      if (message.id !== null && message.id === id) controller.abort();
  }

  async #relay(text: string, message: RpcMessage, signal: AbortSignal): Promise<void> {
    const session = this.#session.id;
    let response = await this.#post(text, message, signal);
    if (response.status === 404 && session !== null) {
      // The gateway was started anew and knows the session no more. It served nothing of the request.
      const fault = await httpFault(response);
      if (fault.code !== SESSION_UNKNOWN) return this.#answerError(message, fault);
      if (this.#session.id === session) this.#begin({ ...this.#session, id: null });
      response = await this.#post(text, message, signal);
    }
    if (response.status === 400 && message.method === "tools/call") {
      const fault = await httpFault(response);
      if (fault.code !== HEADER_MISMATCH || !(await this.#learnTools(message, signal)))
        return this.#answerError(message, fault);
      response = await this.#post(text, message, signal);
    }
    await this.#take(response, message, signal);
  }

  async #post(text: string, message: RpcMessage, signal: AbortSignal): Promise<GatewayResponse> {
    const headers = gatewayHeaders(message, this.#session, (tool) => this.#mirrored.get(tool) ?? []);
    return await this.#options.send({ method: "POST", body: text, headers }, signal);
  }

  async #take(response: GatewayResponse, message: RpcMessage, signal: AbortSignal): Promise<void> {
    if (response.status < 200 || response.status >= 300) return this.#answerError(message, await httpFault(response));
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("text/event-stream")) return await this.#stream(response, message, signal);
    const body = await wholeBody(response, MESSAGE_BYTES);
    if (body === null) return this.#answerError(message, { code: SERVER_ERROR, message: "the answer is too large" });
    if (body.length === 0 || signal.aborted) return;
    this.#look(response, message, body);
    this.#write(body);
  }

  async #stream(response: GatewayResponse, message: RpcMessage, signal: AbortSignal): Promise<void> {
    const events = new EventStreamReader(MESSAGE_BYTES, (data) => {
      if (signal.aborted) return;
      this.#look(response, message, data);
      this.#write(data);
    });
    for await (const part of response.body ?? []) {
      if (!events.feed(Buffer.from(part)))
        return this.#answerError(message, { code: SERVER_ERROR, message: "the answer is too large" });
      await this.#writing;
    }
  }

  /** Keeps what later requests need: the session of `initialize`, and what tools want in headers. */
  #look({ headers }: GatewayResponse, { method }: RpcMessage, body: Buffer): void {
    if (method !== "initialize" && method !== "tools/list") return;
    const result = resultOf(body);
    if (method === "tools/list") return this.#noteTools(result["tools"]);
    const version = result["protocolVersion"];
    if (version !== undefined)
      this.#begin({ id: headers.get("mcp-session-id"), version: typeof version === "string" ? version : null });
  }

  /** Another session, or none: what came for the one before is not told any more. */
  #begin(session: LegacySession): void {
    this.#session = session;
    this.#followed.abort();
    this.#followed = new AbortController();
    const { id, version } = session;
    if (id === null || version === null || this.#closed) return;
    const { send } = this.#options;
    const take = (message: Buffer): void => this.#write(message);
    followSession({ send, session: { id, version }, take }, this.#followed.signal).catch(() => undefined);
  }

  #noteTools(tools: unknown): void {
    if (!Array.isArray(tools)) return;
    for (const tool of tools) {
      const { name, inputSchema } = objectOf(tool);
      if (typeof name === "string") this.#mirrored.set(name, mirroredParams(inputSchema as Json));
    }
  }

  /** A client on a pipe sends no headers: what a tool wants mirrored is learned from its definition. False when nothing was. */
  async #learnTools(call: RpcMessage, signal: AbortSignal): Promise<boolean> {
    if (this.#mirrored.size > 0) return false;
    const { progressToken: _, ...meta } = call.meta;
    const list: RpcMessage = { id: "countersign-tools", method: "tools/list", params: { _meta: meta }, meta };
    const response = await this.#post(
      JSON.stringify({ jsonrpc: "2.0", id: list.id, method: list.method, params: list.params }),
      list,
      signal,
    );
    const body = response.status === 200 ? await wholeBody(response, MESSAGE_BYTES) : null;
    if (body === null) return false;
    this.#look(response, list, body);
    return this.#mirrored.size > 0;
  }

  #failed(message: RpcMessage, signal: AbortSignal, error: unknown): void {
    if (signal.aborted || this.#closed) return;
    this.#options.log.warn({ err: error }, "the gateway cannot be reached");
    this.#answerError(message, {
      code: SERVER_ERROR,
      message: "the gateway cannot be reached; is `countersign up` running?",
    });
  }

  /** What is no request has no answer: least of all what answers a question itself. */
  #answerError({ id, method }: RpcMessage, fault: Parameters<typeof errorText>[1]): void {
    if (id !== null && method !== null) this.#write(errorText(id, fault));
  }

  /** One message, one line; one after the other, as fast as the client reads. */
  #write(message: string | Buffer): void {
    const bytes = typeof message === "string" ? Buffer.from(message, "utf8") : onOneLine(message);
    this.#writing = this.#writing.then(async () => {
      if (this.#closed) return;
      const { output } = this.#options;
      output.write(bytes);
      if (output.write("\n")) return;
      await new Promise<void>((resolve) => {
        output.once("drain", resolve);
        output.once("close", resolve);
      });
    });
  }
}

function resultOf(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    return objectOf(objectOf(JSON.parse(body.toString("utf8")))["result"]);
  } catch {
    return {};
  }
}

const SESSION_UNKNOWN = -32001;
const HEADER_MISMATCH = -32020;

/** In JSON a line break stands only between tokens, where a space does as well. */
function onOneLine(bytes: Buffer): Buffer {
  if (!bytes.includes(0x0a)) return bytes;
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(0x0a); at >= 0; at = copy.indexOf(0x0a, at)) copy[at] = 0x20;
  return copy;
}

import type { GatewayLog } from "../gateway-log.ts";
import { RPC, type RequestId } from "../protocol.ts";
import type { Channel, ChannelEvents, Outgoing, UpstreamFault } from "./channel.ts";
import { type RequestParts, answerMessage, notificationMessage, requestMessage } from "./outgoing.ts";
import { type RpcError, readUpstreamMessage } from "./upstream-message.ts";

/** What came back for one request: bytes that nobody has read yet, an error of the upstream, or nothing usable. */
export type LinkAnswer =
  | { readonly ok: true; readonly result: Buffer }
  | { readonly ok: true; readonly error: RpcError }
  | ({ readonly ok: false } & UpstreamFault);

export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

export type PreparedRequest =
  | {
      readonly ok: true;
      /** Puts the request on the wire before it returns its promise, which never rejects. */
      readonly write: (onProgress: (progress: Progress) => void) => Promise<LinkAnswer>;
      readonly cancel: (reason: string) => void;
    }
  | ({ readonly ok: false } & UpstreamFault);

export interface LinkOptions {
  readonly upstream: string;
  readonly open: (events: ChannelEvents) => Channel;
  readonly log: GatewayLog;
}
export interface RequestOptions {
  /** Silence after which the request counts as lost; null: it stays open. */
  readonly timeoutMs: number | null;
  readonly signal?: AbortSignal;
}

interface Pending {
  /** A subscription stays open for as long as the link: it keeps nothing busy. */
  readonly openEnded: boolean;
  readonly settle: (answer: LinkAnswer) => void;
  readonly onProgress: (progress: Progress) => void;
  readonly restartTimer: () => void;
}

/** How long an upstream that was told to stop may still answer. */
const CANCELLED_MS = 2000;
/** Requests of an upstream to us that are answered at all. */
const MAX_ASKED = 10_000;

/** One connection to an upstream: pairs answers with requests, whatever the channel and the era. */
export class UpstreamLink {
  /** Whether requests carry the envelope of 2026-07-28; known after the handshake. */
  modern = false;
  readonly channel: Channel;
  readonly #options: LinkOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #changed: (() => void)[] = [];
  #nextId = 1;
  #asked = 0;
  #fault: UpstreamFault | null = null;
  #onLost: ((fault: UpstreamFault) => void)[] = [];

  constructor(options: LinkOptions) {
    this.#options = options;
    this.channel = options.open({
      message: (bytes, forId) => this.#take(bytes, forId),
      lost: (id, fault) => this.#lost(id, fault),
    });
  }

  /** Why the link is over, or null while it stands. */
  get fault(): UpstreamFault | null {
    return this.#fault;
  }
  get busy(): boolean {
    return [...this.#pending.values()].some((pending) => !pending.openEnded);
  }
  onLost(callback: (fault: UpstreamFault) => void): void {
    if (this.#fault === null) this.#onLost.push(callback);
    else callback(this.#fault);
  }
  onToolsChanged(callback: () => void): void {
    this.#changed.push(callback);
  }

  async request(parts: Omit<RequestParts, "id">, options: RequestOptions): Promise<LinkAnswer> {
    const prepared = await this.prepare(parts, options);
    return prepared.ok ? await prepared.write(() => undefined) : prepared;
  }

  async notify(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.#send(notificationMessage(this.modern, method, params));
  }

  /** Makes one request ready; no byte of it leaves before `write`. With `meta.progressToken` true its number is the token. */
  async prepare(parts: Omit<RequestParts, "id">, options: RequestOptions): Promise<PreparedRequest> {
    if (this.#fault !== null) return { ok: false, ...this.#fault };
    const id = this.#nextId;
    this.#nextId += 1;
    const meta = parts.meta?.["progressToken"] === true ? { ...parts.meta, progressToken: id } : parts.meta;
    const message = requestMessage(this.modern, { ...parts, id, ...(meta === undefined ? {} : { meta }) });
    const reserved = await this.channel.reserve(message, options.signal);
    if (!reserved.ok) return reserved;
    let written = false;
    return {
      ok: true,
      write: (onProgress) => {
        written = true;
        return this.#write(id, reserved, { onProgress, timeoutMs: options.timeoutMs });
      },
      cancel: (reason) => {
        if (written) this.#cancel(id, reserved.abort, reason);
        else reserved.abort();
      },
    };
  }

  async close(reason: string): Promise<void> {
    this.#lost(null, { code: "upstream.down", reason });
    await this.channel.close(reason);
  }

  #write(
    id: number,
    reserved: { readonly send: () => void; readonly abort: () => void },
    { onProgress, timeoutMs }: { readonly onProgress: (progress: Progress) => void; readonly timeoutMs: number | null },
  ): Promise<LinkAnswer> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const expire = (): void => {
        this.#tellCancelled(id, "no answer in time");
        reserved.abort();
        this.#settle(id, {
          ok: false,
          code: "upstream.timeout",
          reason: `the upstream was silent for ${String(timeoutMs)} ms`,
        });
      };
      const restartTimer = (): void => {
        clearTimeout(timer);
        if (timeoutMs !== null) timer = setTimeout(expire, timeoutMs);
      };
      const settle = (answer: LinkAnswer): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#pending.set(id, { openEnded: timeoutMs === null, settle, onProgress, restartTimer });
      restartTimer();
      if (this.#fault === null) reserved.send();
      else this.#settle(id, { ok: false, ...this.#fault });
    });
  }

  #settle(id: number, answer: LinkAnswer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.settle(answer);
  }

  /** A request that is answered already is left alone: its connection serves others now. */
  #cancel(id: number, abort: () => void, reason: string): void {
    if (!this.#pending.has(id)) return;
    this.#tellCancelled(id, reason);
    const giveUp = (): void => {
      if (!this.#pending.has(id)) return;
      abort();
      this.#settle(id, { ok: false, code: "upstream.down", reason: "the call was cancelled" });
    };
    if (this.channel.abortCancels) giveUp();
    else setTimeout(giveUp, CANCELLED_MS).unref();
  }

  #tellCancelled(id: number, reason: string): void {
    if (this.channel.abortCancels) return;
    this.notify("notifications/cancelled", { requestId: id, reason }).catch(() => undefined);
  }

  async #send(message: Outgoing): Promise<void> {
    const reserved = await this.channel.reserve(message);
    if (reserved.ok && this.#fault === null) reserved.send();
  }

  #take(bytes: Buffer, forId: number | null): void {
    if (this.#fault !== null) return;
    const message = readUpstreamMessage(bytes);
    switch (message?.kind) {
      case "result":
        return this.#answer(message.id, { ok: true, result: message.result });
      case "error":
        return this.#answer(message.id ?? forId, { ok: true, error: message.error });
      case "request":
        return this.#answerByName(message.id, message.method);
      case "notification":
        return this.#notification(message.method, message.params);
      case undefined:
        return this.#lost(forId, {
          code: "upstream.garbage",
          reason: "the upstream sent something that is not JSON-RPC",
        });
      default:
        return message satisfies never;
    }
  }

  #answer(id: RequestId | null, answer: LinkAnswer): void {
    // An answer that nobody waits for any more was cancelled or came too late.
    if (typeof id === "number") this.#settle(id, answer);
  }

  /** What an upstream asks us for is refused by name at once, so that it never waits for us. */
  #answerByName(id: RequestId, method: string): void {
    this.#asked += 1;
    if (this.#asked > MAX_ASKED)
      return this.#lost(null, { code: "upstream.garbage", reason: "the upstream floods the gateway with requests" });
    const refusal = {
      error: { code: RPC.methodNotFound, message: `\`${method.slice(0, 100)}\` is not offered by this gateway` },
    };
    const answer = method === "ping" ? { result: {} } : refusal;
    this.#send(answerMessage(id, answer)).catch(() => undefined);
  }

  #notification(method: string, params: unknown): void {
    if (method === "notifications/tools/list_changed") for (const callback of this.#changed) callback();
    if (method !== "notifications/progress" || typeof params !== "object" || params === null) return;
    const { progressToken, progress, total, message } = params as Record<string, unknown>;
    const pending = typeof progressToken === "number" ? this.#pending.get(progressToken) : undefined;
    if (pending === undefined || typeof progress !== "number") return;
    pending.restartTimer();
    pending.onProgress({
      progress,
      ...(typeof total === "number" ? { total } : {}),
      ...(typeof message === "string" ? { message } : {}),
    });
  }

  #lost(id: number | null, fault: UpstreamFault): void {
    if (id !== null) return this.#settle(id, { ok: false, ...fault });
    if (this.#fault !== null) return;
    this.#fault = fault;
    for (const open of this.#pending.keys()) this.#settle(open, { ok: false, ...fault });
    for (const callback of this.#onLost.splice(0)) callback(fault);
    if (fault.code !== "upstream.garbage") return;
    this.#options.log.warn(
      { upstream: this.#options.upstream, reason: fault.reason },
      "upstream is not followed any further",
    );
    this.channel.close(fault.reason).catch(() => undefined);
  }
}

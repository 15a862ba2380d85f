import type { GatewayLog } from "../gateway-log.ts";
import { META, type RequestId } from "../protocol.ts";
import { AskedRequests } from "./asked-requests.ts";
import type { Channel, ChannelEvents, Outgoing, UpstreamFault } from "./channel.ts";
import { type RequestParts, answerMessage, notificationMessage, requestMessage } from "./outgoing.ts";
import { type AnswerToAsked, type Listener, noticeOf } from "./listener.ts";
import { type RpcError, readUpstreamMessage } from "./upstream-message.ts";

/** What came back for one request: bytes that nobody has read yet, an error of the upstream, or nothing usable. */
export type LinkAnswer =
  | { readonly ok: true; readonly result: Buffer }
  | { readonly ok: true; readonly error: RpcError }
  | ({ readonly ok: false } & UpstreamFault);

export type PreparedRequest =
  | {
      readonly ok: true;
      /** Puts the request on the wire before it returns its promise, which never rejects. */
      readonly write: (listener: Listener | null) => Promise<LinkAnswer>;
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
  readonly listener: Listener | null;
  readonly restartTimer: () => void;
}
/** A notification that belongs to no request: what changed, by its method and the resource that it names. */
export type OnChange = (method: string, uri: string | null) => void;

/** How long an upstream that was told to stop may still answer. */
const CANCELLED_MS = 2000;
/** Notifications that nobody heard, before an upstream is not followed any further. */
const MAX_UNHEARD = 100_000;
const CHANGES: ReadonlySet<string> = new Set([
  "notifications/tools/list_changed",
  "notifications/resources/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/updated",
]);

/** One connection to an upstream: pairs answers with requests, whatever the channel and the era. */
export class UpstreamLink {
  /** Whether requests carry the envelope of 2026-07-28; known after the handshake. */
  modern = false;
  readonly channel: Channel;
  readonly #options: LinkOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #changed: OnChange[] = [];
  readonly #asked = new AskedRequests((id, answer, permitted) => this.#answerAsked(id, answer, permitted));
  #nextId = 1;
  #unheard = 0;
  #users = 0;
  #fault: UpstreamFault | null = null;
  #onLost: ((fault: UpstreamFault) => void)[] = [];

  constructor(options: LinkOptions) {
    this.#options = options;
    this.channel = options.open({
      message: (bytes, forId) => this.#take(bytes, forId),
      awaited: (id) => this.#pending.has(id),
      lost: (id, fault) => this.#lost(id, fault),
    });
  }

  /** Why the link is over, or null while it stands. */
  get fault(): UpstreamFault | null {
    return this.#fault;
  }
  get busy(): boolean {
    return this.#users > 0 || [...this.#pending.values()].some((pending) => !pending.openEnded);
  }
  /** Keeps the link busy until the function that comes back is called: somebody waits for what it may tell. */
  keep(): () => void {
    this.#users += 1;
    let kept = true;
    return () => {
      if (kept) this.#users -= 1;
      kept = false;
    };
  }
  onLost(callback: (fault: UpstreamFault) => void): void {
    if (this.#fault === null) this.#onLost.push(callback);
    else callback(this.#fault);
  }
  onChange(callback: OnChange): void {
    this.#changed.push(callback);
  }

  async request(parts: Omit<RequestParts, "id">, options: RequestOptions): Promise<LinkAnswer> {
    const prepared = await this.prepare(parts, options);
    return prepared.ok ? await prepared.write(null) : prepared;
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
      write: (listener) => {
        written = true;
        return this.#write(id, reserved, { listener, timeoutMs: options.timeoutMs });
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
    { listener, timeoutMs }: { readonly listener: Listener | null; readonly timeoutMs: number | null },
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
      this.#pending.set(id, { openEnded: timeoutMs === null, settle, listener, restartTimer });
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
        return this.#ask(message, forId);
      case "notification":
        return this.#notification(message.method, message.params, forId);
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

  #ask(request: { id: RequestId; method: string; params: unknown }, forId: number | null): void {
    const asker = this.#askerOf(forId);
    asker?.restartTimer();
    if (!this.#asked.take(request, asker?.listener ?? null))
      this.#lost(null, { code: "upstream.garbage", reason: "the upstream floods the gateway with requests" });
  }

  /** The request that something belongs to: the one on whose stream it came, else (on a pipe) the one that was sent last. */
  #askerOf(forId: number | null): Pending | undefined {
    const named = forId === null ? undefined : this.#pending.get(forId);
    if (named !== undefined) return named;
    return [...this.#pending.values()].findLast(({ listener }) => listener !== null);
  }

  #answerAsked(id: RequestId, answer: AnswerToAsked, permitted: () => boolean): void {
    this.channel
      .reserve(answerMessage(id, { ...answer }))
      .then((reserved) => {
        if (!reserved.ok) return;
        // INV-3: asked in the tick of the write.
        if (this.#fault === null && permitted()) reserved.send();
        else reserved.abort();
      })
      .catch(() => undefined);
  }

  #notification(method: string, params: unknown, forId: number | null): void {
    if (method === "notifications/cancelled") return this.#asked.cancel(memberOf(params, "requestId"));
    if (CHANGES.has(method)) {
      const uri = memberOf(params, "uri");
      for (const callback of this.#changed) callback(method, typeof uri === "string" ? uri : null);
      return;
    }
    const notice = noticeOf(method, params);
    const about = method === "notifications/message" ? this.#askerOf(forId) : this.#namedBy(params);
    if (notice === null || about === undefined || about.listener === null) return this.#unheardOf(method);
    about.restartTimer();
    about.listener.notice(notice);
  }

  /** The request that a notification names, by its progress token or its subscription. */
  #namedBy(params: unknown): Pending | undefined {
    const id = memberOf(params, "progressToken") ?? memberOf(memberOf(params, "_meta"), META.subscriptionId);
    return typeof id === "number" ? this.#pending.get(id) : undefined;
  }

  /** What is no notification that this gateway knows, or came for nobody, is named in the log and goes no further. */
  #unheardOf(method: string): void {
    const { log, upstream } = this.#options;
    log.debug({ upstream, method: method.slice(0, 100) }, "notification of an upstream not passed on");
    this.#unheard += 1;
    if (this.#unheard > MAX_UNHEARD)
      this.#lost(null, { code: "upstream.garbage", reason: "the upstream floods the gateway with notifications" });
  }

  #lost(id: number | null, fault: UpstreamFault): void {
    if (id !== null) return this.#settle(id, { ok: false, ...fault });
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#asked.end();
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

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

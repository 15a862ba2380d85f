import { setTimeout as pause } from "node:timers/promises";
import type { Call, TaskId } from "@countersign/core";
import type { Effector, Prepared, UpstreamAnswer } from "@countersign/enforce";
import { UPDATED } from "./changes.ts";
import type { ClientOffer } from "./client-offer.ts";
import type { ClientPartial } from "./client-partial.ts";
import { unknownUpstream } from "./form-call.ts";
import { type GatewayContext, activeUpstream, mayAsk } from "./gateway-context.ts";
import { type UpstreamSaid, usableFor } from "./upstream-effector.ts";
import type { Connection } from "./upstream/connection.ts";
import type { Listener } from "./upstream/listener.ts";
import type { LinkAnswer, PreparedRequest } from "./upstream/upstream-link.ts";

export interface SubscriptionOptions {
  readonly task: TaskId | null;
  readonly offer: ClientOffer;
}

type Said = UpstreamAnswer<UpstreamSaid>;
type Ready = Extract<PreparedRequest, { ok: true }>;
type Made =
  | { readonly ok: true; readonly connection: Connection; readonly ready: Ready }
  | Extract<Prepared<UpstreamSaid>, { ok: false }>;

const TRIES = 4;
const AGAIN_MS = 250;

/**
 * Keeps one subscription to one resource: an action that lasts from the request until it is taken back, over as many connections as that
 * takes. Each word of the upstream passes the enforcement point as a part of it.
 */
export class SubscriptionEffector implements Effector<UpstreamSaid> {
  readonly #context: GatewayContext;
  readonly #options: SubscriptionOptions;
  readonly #over = new AbortController();
  #unsent: Ready | null = null;
  #told = 0;

  constructor(context: GatewayContext, options: SubscriptionOptions) {
    this.#context = context;
    this.#options = options;
  }

  async prepare(call: Call, signal: AbortSignal): Promise<Prepared<UpstreamSaid>> {
    const made = await this.#make(call, signal);
    if (!made.ok) return made;
    this.#unsent = made.ready;
    return {
      ok: true,
      write: (onPartial, permitted) => {
        this.#unsent = null;
        return this.#keep(call, made, { onPartial, permitted });
      },
      cancel: () => this.#over.abort(),
    };
  }

  /** Gives back what was prepared and not used. */
  dispose(): void {
    this.#unsent?.cancel("not sent");
    this.#over.abort();
  }

  async #make(call: Call, signal: AbortSignal): Promise<Made> {
    const { task, offer } = this.#options;
    const record = activeUpstream(this.#context, call.upstream);
    if (record === null || task === null) return { ...unknownUpstream(call.upstream), ok: false };
    const usable = await usableFor(this.#context, {
      task,
      offer,
      record,
      call: { method: "resources/subscribe", tool: "" },
    });
    if (!usable.ok) return { ...usable.refused, ok: false };
    const { connection } = usable;
    const uri = JSON.stringify(call.arguments["uri"]);
    const parts =
      connection.era === "modern"
        ? {
            method: "subscriptions/listen",
            members: [`"notifications":{"resourceSubscriptions":[${uri}]}`],
            openEnded: true,
          }
        : { method: "resources/subscribe", members: [`"uri":${uri}`] };
    const timeoutMs = connection.era === "modern" ? null : this.#context.limits.callMs;
    const ready = await connection.link.prepare(parts, { timeoutMs, signal });
    return ready.ok ? { ok: true, connection, ready } : ready;
  }

  /** The first bytes leave before this returns its promise. */
  async #keep(call: Call, first: Extract<Made, { ok: true }>, ends: SubscriptionEnds): Promise<Said> {
    const { signal } = this.#over;
    let said = await this.#once(call, first, ends);
    for (let tries = 1; !said.ok && said.code === "upstream.down" && tries < TRIES && !signal.aborted; tries += 1) {
      await pause(AGAIN_MS * 2 ** tries, undefined, { signal }).catch(() => undefined);
      const again = await this.#make(call, signal);
      // INV-3: asked in the tick of the write.
      if (again.ok && ends.permitted()) said = await this.#once(call, again, ends);
      else if (again.ok) again.ready.cancel("not sent");
    }
    return signal.aborted ? this.#ended() : said;
  }

  /** One connection's part of it. */
  #once(call: Call, { connection, ready }: Extract<Made, { ok: true }>, ends: SubscriptionEnds): Promise<Said> {
    const { onPartial, permitted } = ends;
    const { link } = connection;
    const uri = uriOf(call);
    const { promise, resolve } = Promise.withResolvers<Said>();
    const last = connection.subscribed(uri);
    const subscribed = (): void => onPartial({ kind: "subscribed" });
    const listener: Listener = {
      notice: ({ method }) => {
        if (method === "notifications/subscriptions/acknowledged") subscribed();
      },
      ask: () => Promise.resolve({ error: { code: -32601, message: "nothing is asked within a subscription" } }),
      permitted,
    };
    const user = { ...this.#options, task: this.#options.task as TaskId, upstream: call.upstream };
    const deaf = this.#context.changes.on(user, (method, changed) => {
      if (method !== UPDATED || changed !== uri) return;
      this.#told += 1;
      onPartial({ kind: "changed", method, uri });
    });
    const over = (): void => resolve(this.#ended());
    if (this.#over.signal.aborted) over();
    else this.#over.signal.addEventListener("abort", over, { once: true });
    link.onLost((fault) => resolve({ ok: false, ...fault }));
    const answering = ready.write(listener).then((answer) => {
      if (answer.ok && "result" in answer && !link.modern) subscribed();
      else resolve(refusedOr(answer, this.#ended()));
    });
    answering.catch(() => undefined);
    return promise.finally(() => {
      deaf();
      this.#over.signal.removeEventListener("abort", over);
      const isLast = last();
      if (link.modern) ready.cancel("taken back");
      else if (isLast && link.fault === null && mayAsk(this.#context, user.task, user.upstream))
        unsubscribe(connection, uri);
    });
  }

  #ended(): Said {
    const bytes = Buffer.from(JSON.stringify({ updates: this.#told }), "utf8");
    const result = { isError: false, pieces: () => [Buffer.from("{}")] };
    return { ok: true, status: "ok", value: { result }, bytes };
  }
}

interface SubscriptionEnds {
  readonly onPartial: (partial: ClientPartial) => void;
  readonly permitted: () => boolean;
}

function refusedOr(answer: LinkAnswer, ended: Said): Said {
  if (!answer.ok) return answer;
  if (!("error" in answer)) return ended;
  const { code, message } = answer.error;
  const bytes = Buffer.from(JSON.stringify(answer.error), "utf8");
  return { ok: true, status: "error", value: { error: { code, message } }, bytes };
}

/** The resource that a call to subscribe names. */
export function uriOf({ arguments: { uri } }: Call): string {
  return typeof uri === "string" ? uri : "";
}

function unsubscribe({ link }: Connection, uri: string): void {
  const members = [`"uri":${JSON.stringify(uri)}`];
  link.request({ method: "resources/unsubscribe", members }, { timeoutMs: 10_000 }).catch(() => undefined);
}

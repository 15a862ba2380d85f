import { type JsonObject, type Refusal, isJsonObject } from "@countersign/core";
import type { Effector, Prepared, RefusalDetail, Releaser, UpstreamAnswer } from "@countersign/enforce";
import { LISTENED } from "./changes.ts";
import type { ClientPartial } from "./client-partial.ts";
import { type GatewayContext, activeUpstream } from "./gateway-context.ts";
import { formMethodCall } from "./method-call.ts";
import { META, OWN_IDENTITY, RPC } from "./protocol.ts";
import { tellRefusal } from "./refusal-answer.ts";
import { taskOf } from "./requested-call.ts";
import { type ActionRequest, tooMany } from "./run-action.ts";
import { SubscriptionEffector } from "./subscription-effector.ts";
import type { UpstreamSaid } from "./upstream-effector.ts";

const MAX_URIS = 64;

/**
 * `subscriptions/listen` of 2026-07-28: one action for the stream and one for each resource that it asks for. The first message says what
 * was granted; the stream ends with its client, its task or a stop. Never rejects.
 */
export async function runListen(context: GatewayContext, request: ActionRequest): Promise<void> {
  const { claims, message, reply } = request;
  const wanted = message.params["notifications"];
  const uris = isJsonObject(wanted) ? wanted["resourceSubscriptions"] : undefined;
  const named = Array.isArray(uris) ? [...new Set(uris as readonly unknown[])] : [];
  if (named.length > MAX_URIS || !reply.streams) {
    const why = reply.streams ? `at most ${String(MAX_URIS)} resources` : "a client that accepts text/event-stream";
    return reply.error({ code: RPC.invalidParams, message: `subscriptions are for ${why}` });
  }
  const key = { task: taskOf(claims) ?? "-", session: "", id: message.id };
  const controller = context.inFlight.begin(key);
  if (controller === null) return tooMany(reply);
  reply.onceGone(() => controller.abort());
  try {
    await new Listening(context, request, controller.signal).run(named);
  } catch (error) {
    context.log.error({ err: error }, "subscription failed");
  } finally {
    context.inFlight.end(key, controller);
    reply.end();
  }
}

class Listening {
  readonly #context: GatewayContext;
  readonly #request: ActionRequest;
  readonly #over = new AbortController();
  #granted: JsonObject = {};
  #acknowledged = false;

  constructor(context: GatewayContext, request: ActionRequest, signal: AbortSignal) {
    this.#context = context;
    this.#request = request;
    const over = (): void => this.#over.abort();
    if (signal.aborted) over();
    else signal.addEventListener("abort", over, { once: true });
  }

  async run(uris: readonly unknown[]): Promise<void> {
    const begun = Promise.withResolvers<void>();
    const whole = this.#stream(begun.resolve).finally(begun.resolve);
    await begun.promise;
    const parts: Promise<void>[] = [];
    if (!this.#over.signal.aborted && this.#request.reply.open) {
      const settled = uris.map(async (uri) => {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        parts.push(this.#resource(uri, resolve).finally(() => resolve(false)));
        return (await promise) ? [uri as string] : [];
      });
      const subscribed = (await Promise.all(settled)).flat();
      if (subscribed.length > 0) this.#granted = { ...this.#granted, resourceSubscriptions: subscribed };
      this.#acknowledge();
    }
    await Promise.all([whole, ...parts]);
  }

  #acknowledge(): void {
    if (this.#over.signal.aborted) return;
    this.#acknowledged = true;
    this.#tell("notifications/subscriptions/acknowledged", { notifications: this.#granted });
    if (Object.keys(this.#granted).length === 0) this.#over.abort();
  }

  /** The action of the stream itself: what lists change. */
  async #stream(begun: () => void): Promise<void> {
    const { claims, message, upstream, reply } = this.#request;
    const call = this.#form(message.method, message.params);
    if (!("refused" in call)) this.#granted = call.arguments["notifications"] as JsonObject;
    const effector = new ChangeEffector(this.#context, this.#request, this.#granted);
    await this.#context.point.enforce({ claims, call, signal: this.#over.signal }, effector, {
      partial: (value) => {
        const partial = value as ClientPartial;
        if (partial.kind === "subscribed") begun();
        if (partial.kind === "changed") this.#tell(partial.method, {});
      },
      answer: (said) => this.#end(said),
      refusal: (refusal, detail) => this.#refused({ refusal, detail }),
    });
    this.#over.abort();
    this.#context.log.debug({ upstream, open: reply.open }, "subscription stream over");
  }

  async #resource(uri: unknown, settled: (subscribed: boolean) => void): Promise<void> {
    const { claims, offer } = this.#request;
    const call = this.#form("resources/subscribe", typeof uri === "string" ? { uri } : {});
    const effector = new SubscriptionEffector(this.#context, { task: taskOf(claims), offer });
    let began = false;
    const releaser: Releaser<UpstreamSaid> = {
      partial: (value) => {
        const partial = value as ClientPartial;
        if (partial.kind === "subscribed") settled((began = true));
        if (partial.kind === "changed" && this.#acknowledged) this.#tell(partial.method, { uri: partial.uri ?? "" });
      },
      answer: () => undefined,
      // Whoever was told that it is subscribed must not wait in vain.
      refusal: () => (began ? this.#over.abort() : undefined),
    };
    await this.#context.point.enforce({ claims, call, signal: this.#over.signal }, effector, releaser);
    effector.dispose();
  }

  #form(method: string, params: JsonObject): ReturnType<typeof formMethodCall> {
    const { upstream } = this.#request;
    const { argumentsBytes } = this.#context.point.settings().limits;
    return formMethodCall(method, params, {
      upstream,
      record: activeUpstream(this.#context, upstream),
      argumentsBytes,
    });
  }

  #tell(method: string, params: JsonObject): void {
    const { reply, message } = this.#request;
    const _meta = { [META.subscriptionId]: message.id };
    reply.notification(JSON.stringify({ jsonrpc: "2.0", method, params: { ...params, _meta } }));
  }

  #end(said: UpstreamSaid): void {
    const { reply, message } = this.#request;
    if ("error" in said) return reply.error(said.error);
    const _meta = { [META.subscriptionId]: message.id, [META.serverInfo]: { ...OWN_IDENTITY } };
    reply.result([Buffer.from(JSON.stringify({ resultType: "complete", _meta }), "utf8")]);
  }

  #refused(told: { readonly refusal: Refusal; readonly detail: RefusalDetail }): void {
    this.#over.abort();
    tellRefusal(this.#context, { reply: this.#request.reply, asTool: false }, told);
  }
}

/** Hears what lists of an upstream change, for as long as somebody listens. Nothing goes upstream for it. */
class ChangeEffector implements Effector<UpstreamSaid> {
  readonly #context: GatewayContext;
  readonly #request: ActionRequest;
  readonly #wanted: JsonObject;

  constructor(context: GatewayContext, request: ActionRequest, wanted: JsonObject) {
    this.#context = context;
    this.#request = request;
    this.#wanted = wanted;
  }

  async prepare(): Promise<Prepared<UpstreamSaid>> {
    const { upstream, claims, offer } = this.#request;
    const record = activeUpstream(this.#context, upstream);
    const task = taskOf(claims);
    if (record === null || task === null)
      return { ok: false, code: "upstream.unknown", reason: "there is no such upstream" };
    const connected = await this.#context.connections.acquire(task, offer, record);
    if (!connected.ok) return connected;
    const { link } = connected.connection;
    const { promise, resolve } = Promise.withResolvers<UpstreamAnswer<UpstreamSaid>>();
    let told = 0;
    const end = (): void => {
      const bytes = Buffer.from(JSON.stringify({ changes: told }), "utf8");
      resolve({
        ok: true,
        status: "ok",
        value: { result: { isError: false, pieces: () => [Buffer.from("{}")] } },
        bytes,
      });
    };
    return {
      ok: true,
      write: (onPartial) => {
        const kept = link.keep();
        const deaf = this.#context.changes.on({ task, upstream, offer }, (method) => {
          const member = LISTENED[method];
          if (member === undefined || this.#wanted[member] !== true) return;
          told += 1;
          onPartial({ kind: "changed", method, uri: null } satisfies ClientPartial);
        });
        onPartial({ kind: "subscribed" } satisfies ClientPartial);
        return promise.finally(() => {
          deaf();
          kept();
        });
      },
      cancel: end,
    };
  }
}

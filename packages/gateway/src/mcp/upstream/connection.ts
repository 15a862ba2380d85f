import { type JsonObject, type McpTerms, isJsonObject } from "@countersign/core";
import type { ClientOffer } from "../client-offer.ts";
import type { GatewayLog } from "../gateway-log.ts";
import type { McpLimits } from "../limits.ts";
import type { Era } from "../protocol.ts";
import type { Channel, ChannelEvents, UpstreamFault } from "./channel.ts";
import { type Handshake, handshake } from "./handshake.ts";
import { HttpChannel } from "./http-channel.ts";
import type { LogLevel } from "./listener.ts";
import { type ListOf, type ReadList, readList } from "./read-list.ts";
import { type ReadTools, readTools } from "./read-tools.ts";
import { type SecretSources, upstreamEnvironment, upstreamHeaders } from "./secret.ts";
import { StdioChannel } from "./stdio-channel.ts";
import { UpstreamLink } from "./upstream-link.ts";

export interface ConnectOptions extends SecretSources {
  readonly upstream: string;
  readonly terms: McpTerms;
  /** What the client behind the connection can be asked. */
  readonly offer: ClientOffer;
  readonly limits: McpLimits;
  readonly log: GatewayLog;
  /** What this upstream was found to speak before. */
  readonly knownEra: Era | null;
  /** Nobody wants the connection any more. */
  readonly signal?: AbortSignal;
}
export type Connected =
  | { readonly ok: true; readonly connection: Connection }
  | ({ readonly ok: false } & UpstreamFault);

/** A link that has shaken hands, and the definitions that came over it. */
export class Connection {
  readonly link: UpstreamLink;
  readonly era: Era;
  /** What the upstream declared that it serves. */
  readonly capabilities: JsonObject;
  readonly #timeoutMs: number;
  readonly #subscribed = new Map<string, number>();
  #level: LogLevel | null = null;
  #revision = 0;
  #stale = true;
  #known: ReadTools | null = null;
  #hashes = "";
  #reading: Promise<ReadTools> | null = null;

  constructor(link: UpstreamLink, { era, capabilities }: Extract<Handshake, { ok: true }>, timeoutMs: number) {
    this.link = link;
    this.era = era;
    this.capabilities = capabilities;
    this.#timeoutMs = timeoutMs;
    link.onChange((method) => {
      if (method === "notifications/tools/list_changed") this.#stale = true;
    });
  }

  /** Reads a list; what the upstream did not declare is empty and not asked for. */
  async list(list: ListOf, capability: "resources" | "prompts"): Promise<ReadList> {
    if (!isJsonObject(this.capabilities[capability])) return { ok: true, items: [] };
    return await readList(this.link, list, this.#timeoutMs);
  }

  /** Counts a subscription to a resource in; the function that comes back counts it out and says whether it was the last. */
  subscribed(uri: string): () => boolean {
    this.#subscribed.set(uri, (this.#subscribed.get(uri) ?? 0) + 1);
    const kept = this.link.keep();
    return () => {
      kept();
      const left = (this.#subscribed.get(uri) ?? 1) - 1;
      if (left > 0) this.#subscribed.set(uri, left);
      else this.#subscribed.delete(uri);
      return left === 0;
    };
  }

  /** Has an upstream of 2025 log from that level on; one of 2026 is told with each request. */
  async logFrom(level: LogLevel): Promise<void> {
    if (this.link.modern || this.#level === level || !isJsonObject(this.capabilities["logging"])) return;
    this.#level = level;
    const members = [`"level":${JSON.stringify(level)}`];
    await this.link.request({ method: "logging/setLevel", members }, { timeoutMs: this.#timeoutMs });
  }

  /** Number of the definitions that were read last; null while the upstream says that they changed since. */
  get revision(): number | null {
    return this.#stale ? null : this.#revision;
  }

  /** The definitions as they stand, if that is known without asking. */
  get known(): ReadTools | null {
    return this.#stale ? null : this.#known;
  }

  /** The definitions as they stand: read once, and again after each change that the upstream told. */
  async tools(): Promise<ReadTools> {
    return this.known ?? (await this.refresh());
  }

  /** Reads the definitions again. */
  async refresh(): Promise<ReadTools> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return await this.#reading;
  }

  async #read(): Promise<ReadTools> {
    // Cleared before the question: a change that is told while it is answered counts.
    this.#stale = false;
    const read = await readTools(this.link, this.#timeoutMs);
    if (!read.ok) {
      this.#stale = true;
      return read;
    }
    const hashes = [...read.tools.values()].map(({ name, hash }) => `${name} ${hash}`).join("\n");
    if (hashes !== this.#hashes) this.#revision += 1;
    this.#hashes = hashes;
    this.#known = read;
    return read;
  }
}

/** Connects to an upstream: resolves its secrets, starts or calls it, shakes hands. Never rejects. */
export async function connect(options: ConnectOptions): Promise<Connected> {
  const timeUp = AbortSignal.timeout(options.limits.connectMs);
  const deadline = options.signal === undefined ? timeUp : AbortSignal.any([timeUp, options.signal]);
  const first = await attempt(options, options.knownEra, deadline);
  // An upstream that the question for its revision ended is started again and not asked.
  if (first.ok || !first.probeFatal || deadline.aborted) return first;
  return await attempt(options, "legacy", deadline);
}

type Attempt = Connected & { readonly probeFatal?: boolean };

async function attempt(options: ConnectOptions, era: Era | null, deadline: AbortSignal): Promise<Attempt> {
  const opener = await openerOf(options);
  if (!opener.ok) return opener;
  const link = new UpstreamLink({ upstream: options.upstream, open: opener.open, log: options.log });
  const late = (): void => {
    link.close("the upstream did not answer the handshake in time").catch(() => undefined);
  };
  if (deadline.aborted) late();
  else deadline.addEventListener("abort", late, { once: true });
  const timeouts = { probeMs: options.limits.probeMs, timeoutMs: options.limits.connectMs };
  const shaken = await handshake(link, { era, offer: options.offer, ...timeouts });
  deadline.removeEventListener("abort", late);
  if (!shaken.ok || deadline.aborted) return await failed(link, shaken, deadline);
  const connection = new Connection(link, shaken, options.limits.connectMs);
  listen(link, shaken.capabilities);
  return { ok: true, connection };
}

async function failed(link: UpstreamLink, shaken: Handshake, deadline: AbortSignal): Promise<Attempt> {
  await link.close("the handshake failed");
  if (deadline.aborted || shaken.ok) {
    return { ok: false, code: "upstream.timeout", reason: "the upstream did not answer the handshake in time" };
  }
  return shaken;
}

/** Asks to be told of changes where that needs asking. */
function listen(link: UpstreamLink, capabilities: JsonObject): void {
  const tells = (of: string, what: string): boolean => {
    const declared = capabilities[of];
    return isJsonObject(declared) && declared[what] === true;
  };
  const changing = ["tools", "resources", "prompts"].filter((of) => tells(of, "listChanged"));
  if (!link.modern) {
    const speaks = changing.length > 0 || tells("resources", "subscribe");
    if (speaks && link.channel instanceof HttpChannel) link.channel.listen();
    return;
  }
  if (changing.length === 0) return;
  const wanted = Object.fromEntries(changing.map((of) => [`${of}ListChanged`, true]));
  const members = [`"notifications":${JSON.stringify(wanted)}`];
  link
    .request({ method: "subscriptions/listen", members, openEnded: true }, { timeoutMs: null })
    .catch(() => undefined);
}

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

type Opener =
  | { readonly ok: true; readonly open: (events: ChannelEvents) => Channel }
  | ({ readonly ok: false } & UpstreamFault);

async function openerOf(options: ConnectOptions): Promise<Opener> {
  const { upstream, terms, limits, log } = options;
  const { command, cwd = "/" } = terms;
  if (command === null) return await httpOpener(options);
  const resolved = await upstreamEnvironment(terms, options);
  if (!resolved.ok) return unusable(resolved.reason);
  const { values: environment, secrets } = resolved;
  const { answerBytes } = limits;
  const parts = { upstream, command, cwd, environment, secrets, answerBytes, log };
  return { ok: true, open: (events) => new StdioChannel({ ...parts, events }) };
}

async function httpOpener(options: ConnectOptions): Promise<Opener> {
  const { terms, limits } = options;
  if (terms.url === null || !URL.canParse(terms.url))
    return unusable("the upstream has neither a command nor an address");
  const url = new URL(terms.url);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    return unusable("the address of the upstream is not http or https");
  const resolved = await upstreamHeaders(terms, options);
  if (!resolved.ok) return unusable(resolved.reason);
  // INV-9: a token is not sent where others on the way can read it.
  if (resolved.secrets.length > 0 && url.protocol === "http:" && !LOOPBACK.has(url.hostname)) {
    return unusable("the upstream has a token but no https; use an https address");
  }
  const { answerBytes, connectMs } = limits;
  const parts = { url, headers: resolved.values, connectMs, answerBytes };
  return { ok: true, open: (events) => new HttpChannel({ ...parts, events }) };
}

function unusable(reason: string): Opener {
  return { ok: false, code: "upstream.down", reason };
}

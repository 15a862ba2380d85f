import { createHash } from "node:crypto";
import { type UpstreamRecord, type TaskId, type McpTerms, canonicalJson } from "@countersign/core";
import type { ClientOffer } from "../client-offer.ts";
import type { GatewayLog } from "../gateway-log.ts";
import type { McpLimits } from "../limits.ts";
import type { Era } from "../protocol.ts";
import { ChangePace } from "./change-pace.ts";
import { type Connected, type Connection, connect } from "./connection.ts";
import type { SecretSources } from "./secret.ts";

export interface ConnectionsOptions extends SecretSources {
  readonly limits: McpLimits;
  readonly log: GatewayLog;
  /** Something that an upstream offers changed: by the method of the notification, and the resource that it names. */
  readonly onChange: (user: ConnectionUser, method: string, uri: string | null) => void;
}
/** Whose connection it is: a task, as a client with these capabilities. Over a pipe a server asks its one client. */
export interface ConnectionUser {
  readonly task: TaskId;
  readonly upstream: string;
  readonly offer: ClientOffer;
}

interface Held extends ConnectionUser {
  readonly digest: string;
  /** Aborted when nobody wants the connection any more. */
  readonly unwanted: AbortController;
  connecting: Promise<Connected> | null;
  connection: Connection | null;
  idle: NodeJS.Timeout | undefined;
}

/** All connections to upstreams: one for each task, upstream and kind of client, opened when first needed, closed with the task or when idle. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #held = new Map<string, Held>();
  readonly #eras = new Map<string, Era>();
  readonly #closing = new Set<Promise<void>>();
  #closed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  /** The connection of this task to that upstream if it stands, without opening one. */
  standing(user: ConnectionUser): Connection | null {
    return this.#held.get(keyOf(user))?.connection ?? null;
  }

  /** The connection of this task to that upstream; opens it when there is none. Never rejects. */
  async acquire(task: TaskId, offer: ClientOffer, record: UpstreamRecord<"mcp">): Promise<Connected> {
    const user = { task, upstream: record.id, offer };
    const key = keyOf(user);
    const digest = digestOf(record.terms);
    const known = this.#held.get(key);
    const connecting = known?.digest === digest ? known.connecting : null;
    if (known !== undefined && connecting !== null) {
      this.#used(key, known);
      return await connecting;
    }
    if (known !== undefined) this.#drop(key, known, "the upstream was changed");
    const full = this.#full(task);
    if (full !== null) return { ok: false, code: "upstream.down", reason: full };
    const unwanted = new AbortController();
    const held: Held = {
      ...user,
      digest,
      unwanted,
      connecting: null,
      connection: null,
      idle: undefined,
    };
    this.#held.set(key, held);
    held.connecting = this.#open(key, held, record);
    return await held.connecting;
  }

  closeTask(task: TaskId): void {
    for (const [key, held] of this.#held) if (held.task === task) this.#drop(key, held, "the task ended");
  }

  /** Closes what still speaks to an upstream under terms that no longer stand. */
  upstreamChanged(upstream: string, terms: McpTerms | null): void {
    const digest = terms === null ? null : digestOf(terms);
    for (const [key, held] of this.#held) {
      if (held.upstream === upstream && held.digest !== digest) this.#drop(key, held, "the upstream was changed");
    }
  }

  /** Closes everything and waits until each child process is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [key, held] of this.#held) this.#drop(key, held, "the gateway is stopping");
    while (this.#closing.size > 0) await Promise.all(this.#closing);
  }

  async #open(key: string, held: Held, { id: upstream, terms }: UpstreamRecord<"mcp">): Promise<Connected> {
    const { signal } = held.unwanted;
    const connecting = connect({
      ...this.#options,
      upstream,
      terms,
      offer: held.offer,
      knownEra: this.#eras.get(held.digest) ?? null,
      signal,
    });
    this.#track(connecting);
    const connected = await connecting;
    if (!connected.ok) {
      this.#remove(key, held);
      return connected;
    }
    const { connection } = connected;
    if (signal.aborted) {
      this.#track(connection.link.close("nobody waits any more"));
      return { ok: false, code: "upstream.down", reason: "the connection is not wanted any more" };
    }
    this.#remember(held.digest, connection.era);
    held.connection = connection;
    this.#used(key, held);
    connection.link.onLost(() => this.#remove(key, held));
    const pace = new ChangePace();
    connection.link.onChange((method, uri) =>
      pace.note(`${method} ${uri ?? ""}`, () => this.#options.onChange(held, method, uri)),
    );
    return connected;
  }

  #used(key: string, held: Held): void {
    if (held.connection === null) return;
    if (held.idle !== undefined) {
      held.idle.refresh();
      return;
    }
    held.idle = setTimeout(() => {
      if (held.connection?.link.busy === true) held.idle?.refresh();
      else this.#drop(key, held, "nobody used the connection");
    }, this.#options.limits.idleMs).unref();
  }

  #full(task: TaskId): string | null {
    const { limits } = this.#options;
    if (this.#closed) return "the gateway is stopping";
    const ofTask = [...this.#held.values()].filter((held) => held.task === task).length;
    if (ofTask >= limits.connectionsPerTask) return "the task has too many upstream connections; end some of its work";
    return this.#held.size >= limits.connections
      ? "the gateway has too many upstream connections; try again later"
      : null;
  }

  #remember(digest: string, era: Era): void {
    if (this.#eras.size > 1000) this.#eras.clear();
    this.#eras.set(digest, era);
  }

  #drop(key: string, held: Held, reason: string): void {
    this.#remove(key, held);
    held.unwanted.abort();
    if (held.connection !== null) this.#track(held.connection.link.close(reason));
  }

  #remove(key: string, held: Held): void {
    clearTimeout(held.idle);
    if (this.#held.get(key) === held) this.#held.delete(key);
  }

  /** Work that `close` waits for. */
  #track(work: Promise<unknown>): void {
    const done = work
      .then(
        () => undefined,
        (error: unknown) => this.#options.log.error({ err: error }, "upstream connection not closed"),
      )
      .finally(() => this.#closing.delete(done));
    this.#closing.add(done);
  }
}

function keyOf({ task, upstream, offer }: ConnectionUser): string {
  return `${task}\n${upstream}\n${offer.key}`;
}

const digests = new WeakMap<McpTerms, string>();

/** What a connection rests on. Classification, mapping and pins may change under it. */
function digestOf(terms: McpTerms): string {
  const known = digests.get(terms);
  if (known !== undefined) return known;
  const { kind, command, url, env, auth } = terms;
  const digest = createHash("sha256").update(canonicalJson({ kind, command, url, env, auth })).digest("base64url");
  digests.set(terms, digest);
  return digest;
}

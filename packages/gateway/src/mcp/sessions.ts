import type { Random, TaskId } from "@countersign/core";
import type { ClientOffer } from "./client-offer.ts";
import { EventChannel } from "./event-channel.ts";
import type { LegacyVersion } from "./protocol.ts";
import type { LogLevel } from "./upstream/listener.ts";

/** What `initialize` began. It carries no right: each request proves its credential anew. */
export interface Session {
  readonly id: string;
  readonly task: TaskId;
  readonly upstream: string;
  readonly version: LegacyVersion;
  /** What its client may be asked. */
  readonly offer: ClientOffer;
  /** From which level on its client wants to see logs; null until it said so. */
  logLevel: LogLevel | null;
  readonly streams: SessionStreams;
}

export interface SessionLimits {
  readonly sessions: number;
  readonly sessionsPerTask: number;
  /** How long a client that lost its stream may stay away. Milliseconds. */
  readonly resumeMs: number;
}

/** The name under which the events of the stream that a client opened itself are numbered. */
const STANDING = "s";
/** 2025-11-25: earlier clients do not take the empty first event that resumption begins with. */
const RESUMABLE = "2025-11-25";
/** Streams of one session that are kept for a client which lost them; the oldest gives way. */
const MAX_AWAY = 4;

/** The event streams of one session: the one that its client opened with GET, and those of its requests. */
export class SessionStreams {
  readonly #resumeMs: number;
  readonly #resumable: boolean;
  readonly #open = new Map<string, EventChannel>();
  #made = 0;

  constructor(version: LegacyVersion, resumeMs: number) {
    this.#resumable = version === RESUMABLE;
    this.#resumeMs = resumeMs;
  }

  /** The stream that belongs to no request, if its client opened one. */
  get standing(): EventChannel | null {
    return this.#open.get(STANDING) ?? null;
  }

  /** A new stream; `standing`: the one of the session. One that is there already gives way. */
  make(standing: boolean): EventChannel {
    this.#made += 1;
    const name = standing ? STANDING : String(this.#made);
    const channel = new EventChannel({ name: this.#resumable ? name : null, resumeMs: this.#resumeMs });
    this.#open.get(name)?.cut();
    const away = [...this.#open.values()].filter((open) => open.away);
    if (away.length >= MAX_AWAY) away[0]?.cut();
    this.#open.set(name, channel);
    channel.onceOver(() => {
      if (this.#open.get(name) === channel) this.#open.delete(name);
    });
    return channel;
  }

  /** The stream that a `Last-Event-ID` names, and the number of the last event that its client saw; null when there is none. */
  named(lastEventId: string): { readonly channel: EventChannel; readonly after: number } | null {
    const [, name, digits] = /^([0-9a-z]{1,16})-([0-9]{1,12})$/.exec(lastEventId) ?? [];
    const channel = name === undefined ? undefined : this.#open.get(name);
    return channel === undefined || !this.#resumable ? null : { channel, after: Number(digits) };
  }

  end(): void {
    for (const channel of this.#open.values()) channel.end();
    this.standing?.cut();
  }

  /** INV-3: what is kept for a client that is away is not told after a stop. */
  forget(): void {
    for (const channel of this.#open.values()) channel.forget();
  }
}

/** Sessions of clients of the 2025 era. A task that opens too many loses its oldest. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #limits: SessionLimits;
  readonly #random: Random;

  constructor(limits: SessionLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Null when the gateway has no room for another session. */
  open(parts: Omit<Session, "id" | "logLevel" | "streams">): Session | null {
    const ofTask = this.of(parts.task);
    const [oldest] = ofTask;
    if (oldest !== undefined && ofTask.length >= this.#limits.sessionsPerTask) this.end(oldest.id);
    if (this.#sessions.size >= this.#limits.sessions) return null;
    const session: Session = {
      ...parts,
      id: Buffer.from(this.#random(16)).toString("hex"),
      logLevel: null,
      streams: new SessionStreams(parts.version, this.#limits.resumeMs),
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** The session with this id, if it belongs to that task and upstream. */
  find(id: string, task: TaskId, upstream: string): Session | null {
    const session = this.#sessions.get(id);
    return session?.task === task && session.upstream === upstream ? session : null;
  }

  /** The sessions of a task, the oldest first. */
  of(task: TaskId): readonly Session[] {
    return [...this.#sessions.values()].filter((session) => session.task === task);
  }

  end(id: string): void {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    session?.streams.end();
  }

  endTask(task: TaskId): void {
    for (const { id } of this.of(task)) this.end(id);
  }
}

import type { Random, TaskId } from "@countersign/core";
import type { LegacyVersion } from "./protocol.ts";

/** What `initialize` began. It carries no right: each request proves its credential anew. */
export interface Session {
  readonly id: string;
  readonly task: TaskId;
  readonly upstream: string;
  readonly version: LegacyVersion;
}

export interface SessionLimits {
  readonly sessions: number;
  readonly sessionsPerTask: number;
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
  open(parts: Omit<Session, "id">): Session | null {
    const ofTask = [...this.#sessions.values()].filter((session) => session.task === parts.task);
    const [oldest] = ofTask;
    if (oldest !== undefined && ofTask.length >= this.#limits.sessionsPerTask) this.#sessions.delete(oldest.id);
    if (this.#sessions.size >= this.#limits.sessions) return null;
    const session: Session = { ...parts, id: Buffer.from(this.#random(16)).toString("hex") };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** The session with this id, if it belongs to that task and upstream. */
  find(id: string, task: TaskId, upstream: string): Session | null {
    const session = this.#sessions.get(id);
    return session?.task === task && session.upstream === upstream ? session : null;
  }

  end(id: string): void {
    this.#sessions.delete(id);
  }

  endTask(task: TaskId): void {
    for (const session of this.#sessions.values()) if (session.task === task) this.#sessions.delete(session.id);
  }
}

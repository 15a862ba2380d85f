import { AppError } from "@countersign/core";
import type { Head } from "../store.ts";
import { errorFrom } from "./fault.ts";
import type { Primary } from "./primary.ts";
import { type Limits, type Session, timelineOf, WAL_NAME } from "./session.ts";

/** Short against a lease: whoever waits for longer is better told by silence. */
const LIMITS: Limits = { answerMs: 2000, statementMs: 1500 };
// INV-3: the row that is written makes this a commit, which a primary without its synchronous standby can't finish; and a standby can't write.
const BEAT = `WITH beat AS (
    INSERT INTO heartbeats(process, at) VALUES ($1, clock_timestamp()) ON CONFLICT (process) DO UPDATE SET at = excluded.at)
  SELECT version, ${WAL_NAME} AS wal FROM head`;

/** Of processes that are long gone; a server has a new name at each start. */
const FORGET = "DELETE FROM heartbeats WHERE at < clock_timestamp() - interval '1 day'";

/** Asks the primary where it is, by a commit. Calls that come while one is under way share the next. */
export class Heartbeat {
  private readonly primary: Primary;
  private readonly process: string;
  private session: Session | null = null;
  private current: Promise<unknown> | null = null;
  private next: Promise<Head> | null = null;

  constructor(primary: Primary, process: string) {
    this.primary = primary;
    this.process = process;
  }

  /** @throws AppError */
  async head(): Promise<Head> {
    // Never the one that is under way: it may have read before this call.
    this.next ??= this.after(this.current);
    return await this.next;
  }

  async close(): Promise<void> {
    await this.session?.close();
  }

  private async after(current: Promise<unknown> | null): Promise<Head> {
    // Also where there is none: whoever asks in the same moment shares this one, and nobody later.
    await (current ?? Promise.resolve()).catch(() => undefined);
    const beat = this.beat();
    this.current = beat;
    this.next = null;
    try {
      return await beat;
    } finally {
      if (this.current === beat) this.current = null;
    }
  }

  private async opened(): Promise<Session> {
    if (this.session?.isOpen === true) return this.session;
    this.session = await this.primary.open(LIMITS);
    this.session.run(FORGET).catch(() => undefined);
    return this.session;
  }

  private async beat(): Promise<Head> {
    try {
      const session = await this.opened();
      const { warnings } = session;
      const [found] = await session.rows<{ readonly version: number; readonly wal: string }>(BEAT, [this.process]);
      if (found === undefined || session.warnings !== warnings)
        throw new AppError("ledger.unavailable", {
          detail: "the database warned during a commit: its standby may not have it",
        });
      return { generation: timelineOf(found.wal), version: found.version };
    } catch (error) {
      this.session?.destroy();
      this.session = null;
      this.primary.lost();
      throw errorFrom(error);
    }
  }
}

import { AppError } from "@countersign/core";
import { errorFrom, sqlState } from "./fault.ts";
import type { Primary } from "./primary.ts";
import type { Limits, Row, Session } from "./session.ts";

const SESSIONS = 4;
/** Questions without an answer; beyond that new ones are refused rather than kept. */
const MOST_WAITING = 4096;
const LIMITS: Limits = { answerMs: 10_000, statementMs: 9000 };

interface Slot {
  /** Null while it is being opened. */
  session: Session | null;
  readonly opening: Promise<Session>;
}

/** Asks the primary over a few connections; each question goes to the one with the least to do. */
export class Reads {
  private readonly primary: Primary;
  private slots: readonly Slot[] = [];
  private waiting = 0;

  constructor(primary: Primary) {
    this.primary = primary;
  }

  /** One statement, which must not matter if it runs twice. @throws AppError */
  async rows<R = Row>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    if (this.waiting >= MOST_WAITING)
      throw new AppError("ledger.unavailable", { detail: "the database does not keep up" });
    this.waiting += 1;
    try {
      return await this.ask<R>(text, values);
    } finally {
      this.waiting -= 1;
    }
  }

  /** One statement that writes, once; done means that it is durable. @throws AppError also when it is not known what happened */
  async write<R = Row>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    try {
      const session = await this.session();
      const { warnings } = session;
      const rows = await session.rows<R>(text, values);
      if (session.warnings === warnings) return rows;
      throw new AppError("ledger.unavailable", {
        detail: "the database warned during a commit: its standby may not have it",
      });
    } catch (error) {
      throw errorFrom(error);
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.slots.map(async ({ opening }) => await (await opening).close()));
  }

  private async ask<R>(text: string, values: readonly unknown[]): Promise<readonly R[]> {
    try {
      return await (await this.session()).rows<R>(text, values);
    } catch (error) {
      // A connection that ended while nobody used it shows only now.
      if (error instanceof AppError || sqlState(error) !== null) throw errorFrom(error);
    }
    try {
      return await (await this.session()).rows<R>(text, values);
    } catch (error) {
      if (sqlState(error) === null) this.primary.lost();
      throw errorFrom(error);
    }
  }

  /** The one with the least to do; a new one beside it when all are busy. */
  private async session(): Promise<Session> {
    this.slots = this.slots.filter(({ session }) => session === null || session.isOpen);
    const open = this.slots.flatMap(({ session }) => (session === null ? [] : [session]));
    const least = open.toSorted((a, b) => a.waiting - b.waiting)[0];
    const isFull = this.slots.length >= SESSIONS;
    if (least !== undefined && (least.waiting === 0 || isFull)) return least;
    const slot = isFull ? this.slots[0] : this.add();
    return least ?? (await (slot ?? this.add()).opening);
  }

  private add(): Slot {
    const slot: Slot = { session: null, opening: this.primary.open(LIMITS) };
    this.slots = [...this.slots, slot];
    slot.opening.then(
      (session) => (slot.session = session),
      () => (this.slots = this.slots.filter((other) => other !== slot)),
    );
    return slot;
  }
}

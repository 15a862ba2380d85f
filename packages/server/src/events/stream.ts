import { Readable } from "node:stream";
import type { Hint } from "@countersign/api";
import type { Caller } from "../http/index.ts";

/** Bytes that may wait for a slow reader; one that lags further is let go, and comes back with `Last-Event-ID`. */
const MOST_WAITING_BYTES = 64 * 1024;
const RETRY_MS = 1000;

/** One listener: hints as server-sent events (HTML standard, section 9.2). */
export class Stream {
  readonly body: Readable;
  readonly session: string | null;
  readonly human: string | null;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  private readonly readsLedger: boolean;
  /** What came while its beginning was read. */
  private early: Hint[] | null = [];

  constructor(caller: Caller, onEnd: () => void) {
    const human = caller.kind === "human" ? caller : null;
    this.session = human?.session.id ?? null;
    this.human = human?.human.id ?? null;
    this.expiresAt = human === null ? Number.POSITIVE_INFINITY : Date.parse(human.session.terms.expiresAt);
    this.readsLedger = human === null || human.human.terms.roles.length > 0;
    this.body = new Readable({ read: () => {}, highWaterMark: MOST_WAITING_BYTES });
    this.body.once("close", onEnd);
  }

  belongsTo(caller: Caller): boolean {
    return this.human === (caller.kind === "human" ? caller.human.id : null);
  }

  /** Says from which version on this stream tells everything. */
  begin(hints: readonly Hint[], version: number): void {
    const early = this.early ?? [];
    this.early = null;
    // An event without data only sets the id that the browser comes back with (HTML standard, "dispatch the event").
    this.write(`retry: ${String(RETRY_MS)}\nid: ${String(version)}\n\n`);
    this.send([...hints, ...early], version);
  }

  /** `version` null: no record changed since the start. */
  send(hints: readonly Hint[], version: number | null): void {
    const mine = hints.filter(({ kind }) => kind !== "ledger" || this.readsLedger);
    if (this.early !== null) {
      this.early.push(...mine);
      return;
    }
    const id = version === null ? "" : `id: ${String(version)}\n`;
    this.write(mine.map(({ kind, id: of }) => `${id}data: ${JSON.stringify({ kind, id: of })}\n\n`).join(""));
  }

  /** Keeps proxies from taking silence for the end. */
  beat(): void {
    if (this.early === null) this.write(": \n\n");
  }

  end(): void {
    this.body.destroy();
  }

  private write(text: string): void {
    if (text === "" || this.body.destroyed) return;
    if (this.body.readableLength + text.length > MOST_WAITING_BYTES) this.end();
    else this.body.push(text);
  }
}

import { setTimeout as delay } from "node:timers/promises";
import type { Primary } from "./primary.ts";
import type { Limits, Session } from "./session.ts";

const CHANNEL = "countersign";
const LIMITS: Limits = { answerMs: 5000, statementMs: 5000 };
/** A connection that says nothing for so long is asked whether it is still there. */
const ASK_MS = 2000;
const RETRY_MS = 200;

/** Sends word to whoever listens at this database. */
export const NOTIFY: string = `SELECT pg_notify('${CHANNEL}', m) FROM unnest($1::text[]) AS m`;

/**
 * Listens to what other processes of the installation tell, over a connection of its own that is opened again when it is lost. What is told
 * may be lost, late or forged: it is a reason to look, never a fact.
 */
export class Notices {
  private readonly primary: Primary;
  private readonly process: string;
  private readonly listeners = new Map<string, (text: string) => void>();
  private session: Session | null = null;
  private isClosed = false;
  private running: Promise<void> | null = null;

  constructor(primary: Primary, process: string) {
    this.primary = primary;
    this.process = process;
  }

  /** A notice as it is sent with {@link NOTIFY}. */
  notice(kind: string, text = ""): string {
    return `${kind} ${this.process} ${text}`;
  }

  on(kind: string, listener: (text: string) => void): void {
    this.listeners.set(kind, listener);
  }

  begin(): void {
    this.running ??= this.run();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.session?.destroy();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isClosed) {
      try {
        const session = await this.primary.open(LIMITS);
        this.session = session;
        session.onNotification((payload) => this.hear(payload));
        await session.script(`LISTEN ${CHANNEL}`);
        // What was told before is not heard: look once.
        this.listeners.get("commit")?.("");
        await this.stay(session);
      } catch {
        // Nothing rests on it.
      }
      if (!this.isClosed) await delay(RETRY_MS, undefined, { ref: false });
    }
  }

  private async stay(session: Session): Promise<void> {
    while (session.isOpen && !this.isClosed) {
      await Promise.race([session.ended, delay(ASK_MS, undefined, { ref: false })]);
      if (session.isOpen && !this.isClosed) await session.rows("SELECT 1");
    }
  }

  private hear(payload: string): void {
    const [kind = "", from = "", ...rest] = payload.split(" ");
    if (from !== this.process) this.listeners.get(kind)?.(rest.join(" "));
  }
}

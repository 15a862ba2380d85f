import type { ServerConnection } from "../upstream/index.ts";
import {
  type BackendEvent,
  FLUSH,
  SYNC,
  type TransactionStatus,
  readReady,
  writeExecute,
  writeQuery,
} from "../wire/index.ts";
import { type Asked, type Expected, type Listener, Replies } from "./replies.ts";

export type ServerMessage = Extract<BackendEvent, { type: "message" }>;
export interface ServerSideOptions {
  readonly connection: ServerConnection;
  readonly status: TransactionStatus;
  /** Name that no portal has. */
  readonly noPortal: string;
  /** What the server says unasked: of itself, of others, or that it ends. `to`: who hears answers now. */
  readonly aside: (event: ServerMessage, to: Listener | null) => void;
  /** The connection is over, or says what makes no sense. */
  readonly onLost: () => void;
}

const ROLLBACK = writeQuery("ROLLBACK");
const ASIDE = "SAN";

/** The server's side of a session: what it owes to whom, and the state of its transaction. */
export class ServerSide {
  /** As the last ReadyForQuery told it. */
  status: TransactionStatus;
  readonly connection: ServerConnection;
  readonly #options: ServerSideOptions;
  readonly #replies = new Replies();
  readonly #waiting = new Set<() => void>();

  constructor(options: ServerSideOptions) {
    this.#options = options;
    this.status = options.status;
    this.connection = options.connection;
  }

  /** From here on the server is listened to. */
  begin(): void {
    this.connection.listen(
      (event) => this.#take(event),
      () => this.#isLost(),
    );
  }

  /** The first byte leaves before this returns. */
  send(bytes: Buffer, expected: readonly Expected[]): void {
    this.#replies.expect(expected);
    this.connection.write(bytes);
  }

  /** Asks for the gateway itself: nothing of the answer reaches the client. Null: the connection ended before the answer. */
  async ask(
    bytes: Buffer,
    asked: readonly Asked[],
    before: readonly Expected[] = [],
  ): Promise<readonly BackendEvent[] | null> {
    if (this.connection.isClosed) return null;
    const { promise, resolve } = Promise.withResolvers<readonly BackendEvent[] | null>();
    const events: BackendEvent[] = [];
    let left = asked.length;
    const listener: Listener = {
      event: (event) => void events.push(event),
      over: () => {
        left -= 1;
        if (left === 0) resolve(events);
      },
    };
    const lost = (): void => resolve(null);
    this.#waiting.add(lost);
    this.send(bytes, [...before, ...asked.map((one) => ({ asked: one, listener }))]);
    const answer = await promise;
    this.#waiting.delete(lost);
    return answer;
  }

  /** Resolves when the server owes nothing, or is lost. */
  async settled(): Promise<void> {
    while (this.#replies.current !== null && !this.connection.isClosed)
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Resolves when the connection is lost. */
  async lost(): Promise<void> {
    while (!this.connection.isClosed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** As {@link Replies.dropSync}. */
  dropSync(): boolean {
    return this.#replies.dropSync();
  }

  /**
   * Makes what is open fail at the server, without a text: runs a portal that there is not. Within a batch the server then waits for Sync.
   */
  async failTransaction(within: "batch" | "block"): Promise<void> {
    const execute = writeExecute(this.#options.noPortal, 0);
    if (within === "batch") await this.ask(Buffer.concat([execute, FLUSH]), ["execute"]);
    else await this.ask(Buffer.concat([execute, SYNC]), ["execute", "sync"]);
  }

  /** Ends an open transaction. True: the server confirmed that it is rolled back, or there was none. */
  async rollBack(): Promise<boolean> {
    if (this.status === "I") return true;
    const answer = await this.ask(ROLLBACK, ["query"]);
    return answer !== null && (this.status as TransactionStatus) === "I";
  }

  #take(event: BackendEvent): void {
    if (event.type === "message") {
      const code = String.fromCharCode(event.code);
      if (ASIDE.includes(code)) return this.#options.aside(event, this.#replies.current);
      const status = code === "Z" ? readReady(event.body) : this.status;
      if (status === null) return this.#isLost();
      this.status = status;
      if (code === "E" && this.#replies.current === null) return this.#options.aside(event, null);
    }
    if (!this.#replies.take(event)) return this.#isLost();
    if (this.#replies.current === null) this.#tell();
  }

  #tell(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const tell of waiting) tell();
  }

  /** What it says makes no sense, or it is gone. */
  #isLost(): void {
    this.connection.destroy();
    this.#tell();
    this.#options.onLost();
  }
}

import type { TLSSocket } from "node:tls";
import { type FrontendMessage, FrontendReader } from "../wire/index.ts";

/** Bytes of messages that may wait while one is carried out; beyond, the client waits. */
const WAITING_BYTES = 64 * 1024;
/** How long a client that was told good-bye may take to hear it. */
const GOODBYE_MS = 1000;

/** The client of a session: messages come out one after the other, and nothing is read far ahead of who takes them. */
export class ClientConnection {
  readonly #socket: TLSSocket;
  readonly #reader: FrontendReader;
  #next: FrontendMessage | null = null;
  #wake: (() => void) | null = null;
  #isClosed = false;
  #isEnding = false;
  #onClose: () => void = () => undefined;

  constructor(socket: TLSSocket, argumentsBytes: () => number) {
    this.#socket = socket;
    this.#reader = new FrontendReader(argumentsBytes);
    socket.on("data", (chunk: Buffer) => this.#arrived(chunk));
    socket.on("error", () => socket.destroy());
    socket.once("end", () => socket.destroy());
    socket.once("close", () => this.#ended());
  }

  onClose(callback: () => void): void {
    this.#onClose = callback;
    if (this.#isClosed) callback();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The next message if it is there; it stays the next. */
  peek(): FrontendMessage | null {
    this.#next ??= this.#reader.next();
    return this.#next;
  }

  take(): FrontendMessage | null {
    const message = this.peek();
    this.#next = null;
    return message;
  }

  /** Resolves when there is a message, with true, or none will come any more, with false. */
  async ready(): Promise<boolean> {
    while (this.peek() === null) {
      if (this.#isClosed) return false;
      this.#socket.resume();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return true;
  }

  write(bytes: Buffer): void {
    if (!this.#isClosed && !this.#isEnding) this.#socket.write(bytes);
  }

  /** True while the client does not take in what was written. */
  get isBehind(): boolean {
    return this.#socket.writableNeedDrain && !this.#isClosed;
  }

  /** Calls back once when the client has taken in what was written. */
  onceDrained(callback: () => void): void {
    this.#socket.once("drain", callback);
  }

  /** INV-3: what was written and is still here does not go out any more. True when there was something. */
  cutUnread(): boolean {
    if (this.#isClosed || this.#socket.writableLength === 0) return false;
    this.#socket.destroy();
    return true;
  }

  /** Says a last word and ends. */
  end(bytes: Buffer): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.#socket.end(bytes);
    setTimeout(() => this.#socket.destroy(), GOODBYE_MS).unref();
  }

  /** Ends without a word, unless one was said. */
  close(): void {
    if (!this.#isEnding) this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #arrived(chunk: Buffer): void {
    this.#reader.push(chunk);
    if (this.#reader.waiting > WAITING_BYTES) this.#socket.pause();
    this.#wakeUp();
  }

  #ended(): void {
    this.#isClosed = true;
    this.#wakeUp();
    this.#onClose();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

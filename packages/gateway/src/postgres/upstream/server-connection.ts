import type { Socket } from "node:net";
import { type BackendEvent, BackendReader, TERMINATE, writeCancelRequest } from "../wire/index.ts";
import { dialServer } from "./dial-server.ts";
import type { ServerAddress } from "./server-address.ts";

/** How long it may take to tell a server of a cancel. */
const CANCEL_MS = 2000;

/** What the server gave for cancelling: known to the gateway alone. */
export interface BackendKey {
  readonly pid: number;
  readonly key: Buffer;
}

/** A connection to a real server: what it sends comes out as events, one after the other, and is not read ahead of who takes it. */
export class ServerConnection {
  backend: BackendKey | null = null;
  readonly #address: ServerAddress;
  readonly #socket: Socket;
  readonly #reader = new BackendReader();
  readonly #queue: BackendEvent[] = [];
  #wake: (() => void) | null = null;
  #listener: ((event: BackendEvent) => void) | null = null;
  #isClosed = false;
  #onClose: (() => void) | null = null;

  constructor(socket: Socket, address: ServerAddress) {
    this.#socket = socket;
    this.#address = address;
    socket.on("data", (chunk: Buffer) => this.#arrived(chunk));
    // An error is followed by the end, and that is told.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#ended());
    socket.once("end", () => socket.destroy());
  }

  /** The next event while nobody listens; null: the connection has ended. */
  async read(): Promise<BackendEvent | null> {
    for (;;) {
      const event = this.#queue.shift();
      if (event !== undefined) return event;
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** From here on every event goes there, in order; what waits at once. */
  listen(listener: (event: BackendEvent) => void, onClose: () => void): void {
    this.#listener = listener;
    this.#onClose = onClose;
    for (const event of this.#queue.splice(0)) listener(event);
    if (this.#isClosed) onClose();
  }

  /** False when the server does not take more for now: then {@link drained} tells when it does. */
  write(bytes: Buffer): boolean {
    return this.#isClosed ? true : this.#socket.write(bytes);
  }

  async drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off("drain", done);
        this.#socket.off("close", done);
        resolve();
      };
      this.#socket.once("drain", done);
      this.#socket.once("close", done);
    });
  }

  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }

  /** Asks the server to give up what runs, over a connection of its own. Never rejects: the answer is what the statement ends with. */
  async cancel(): Promise<void> {
    if (this.backend === null || this.#isClosed) return;
    try {
      const socket = await dialServer(this.#address, CANCEL_MS);
      socket.end(writeCancelRequest(this.backend.pid, this.backend.key));
      socket.setTimeout(CANCEL_MS, () => socket.destroy());
      await new Promise<void>((resolve) => socket.once("close", () => resolve()));
    } catch {
      // Whoever waits for the end of the statement sees that it does not come.
    }
  }

  /** Says good-bye and ends. An open transaction is rolled back. */
  end(): void {
    if (!this.#isClosed) this.#socket.end(TERMINATE);
    this.#socket.setTimeout(CANCEL_MS, () => this.#socket.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  #arrived(chunk: Buffer): void {
    this.#reader.push(chunk);
    for (let event = this.#reader.next(); event !== null; event = this.#reader.next()) {
      if (this.#listener !== null) this.#listener(event);
      else this.#queue.push(event);
    }
    this.#wakeUp();
  }

  #ended(): void {
    this.#isClosed = true;
    this.#wakeUp();
    this.#onClose?.();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

import type { TLSSocket } from "node:tls";
import { AppError, type Json, type JsonObject } from "@countersign/core";
import { FrameReader, frameOf } from "./frames.ts";
import { malformed } from "./messages.ts";

export interface LinkLimits {
  /** Longest frame that is read. */
  readonly frameBytes: number;
  /** What may wait for a peer that does not read; beyond it the link ends. */
  readonly unsentBytes: number;
}

export interface LinkEvents {
  /** One frame. What it throws ends the link. */
  readonly message: (bytes: Buffer) => void;
  /** Once, whatever ended it; null: the other side closed it. */
  readonly end: (reason: Error | null) => void;
}

/** Frames over one TLS connection. It ends at the first thing that is not as it should be; nothing is repaired. */
export class LinkSocket {
  private readonly socket: TLSSocket;
  private readonly reader: FrameReader;
  private readonly limits: LinkLimits;
  private readonly events: LinkEvents;
  private readonly now: () => number;
  /** When a byte last came in, by the clock that was given. */
  heardAt: number;
  ended = false;

  constructor(socket: TLSSocket, options: LinkEvents & { readonly limits: LinkLimits; readonly now: () => number }) {
    this.socket = socket;
    this.limits = options.limits;
    this.events = options;
    this.now = options.now;
    this.heardAt = options.now();
    this.reader = new FrameReader(options.limits.frameBytes);
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.heard(chunk));
    socket.on("error", (error) => this.end(error));
    socket.on("close", () => this.end(null));
    socket.on("end", () => this.end(null));
  }

  /** @throws nothing: on a link that has ended it does nothing. */
  send(message: JsonObject | { readonly [member: string]: unknown }): void {
    this.write(frameOf(Buffer.from(JSON.stringify(message), "utf8")));
  }

  /** `{<head>,"body":<body>}` whose body was encoded before, perhaps for many links. */
  sendEncoded(head: string, body: Buffer): void {
    this.write(frameOf(Buffer.from(`{${head},"body":`, "latin1"), body, CLOSE));
  }

  /** Ends it at once. */
  end(reason: Error | null): void {
    if (this.ended) return;
    this.ended = true;
    this.socket.destroy();
    this.events.end(reason);
  }

  /** Ends it when what was written is on its way. */
  finish(): void {
    if (!this.ended) this.socket.end();
  }

  /** Small frames go as one piece: to copy them costs less than to write several. */
  private write(parts: readonly Buffer[]): void {
    if (this.ended) return;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length <= COPIED_BYTES) this.socket.write(Buffer.concat(parts, length));
    else {
      this.socket.cork();
      for (const part of parts) this.socket.write(part);
      this.socket.uncork();
    }
    if (this.socket.writableLength > this.limits.unsentBytes)
      this.end(new AppError("link.malformed", { detail: "the other side of the link does not read" }));
  }

  private heard(chunk: Buffer): void {
    if (this.ended) return;
    this.heardAt = this.now();
    try {
      for (const frame of this.reader.push(chunk)) if (!this.ended) this.events.message(frame);
    } catch (error) {
      this.end(error instanceof Error ? error : malformed("a message could not be read"));
    }
  }
}

const CLOSE = Buffer.from("}");
const COPIED_BYTES = 65_536;

/** The bytes of a body that goes to many links. */
export function encoded(body: Json | object): Buffer {
  return Buffer.from(JSON.stringify(body), "utf8");
}

import type { TLSSocket } from "node:tls";
import { AppError, type Json, type JsonObject } from "@countersign/core";
import { type LinkLimits, LinkSocket } from "./link-socket.ts";
import { malformed, readServerMessage } from "./messages.ts";

/** What a point reads and lets wait. */
export const POINT_LIMITS: LinkLimits = { frameBytes: 64 * 1_048_576, unsentBytes: 16 * 1_048_576 };
/** Requests that a server is asked at a time, and those that may wait for their turn. */
const MOST_UNDER_WAY = 128;
const MOST_WAITING = 4096;

export interface PointLinkOptions {
  readonly socket: TLSSocket;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  /** A server that owes an answer and says nothing for so long is taken for gone. */
  readonly silenceMs: () => number;
  /** Takes in what is pushed; resolves with the acknowledgement. */
  readonly onPush: (body: JsonObject) => Promise<object>;
  readonly onEnd: (reason: Error | null) => void;
}

interface Request {
  readonly call: string;
  readonly body: object;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (body: Json) => void;
  readonly reject: (error: Error) => void;
}
export interface Ask {
  readonly timeoutMs: number;
  /** Does not wait behind others: what the lease rests on. */
  readonly urgent?: boolean;
}

/** A point's end of one link: requests and their answers, pushes and their acknowledgements. */
export class PointLink {
  private readonly options: PointLinkOptions;
  private readonly link: LinkSocket;
  private readonly underWay = new Map<number, Request>();
  private readonly waiting: Request[] = [];
  private readonly watch: NodeJS.Timeout;
  private lastId = 0;
  private lastPush = 0;
  /** Since when an answer is owed and nothing was heard; null: nothing is owed. */
  private quietSince: number | null = null;
  private pinged = false;
  constructor(options: PointLinkOptions) {
    this.options = options;
    this.link = new LinkSocket(options.socket, {
      limits: POINT_LIMITS,
      now: options.clock,
      message: (bytes) => this.message(bytes),
      end: (reason) => this.ended(reason),
    });
    this.watch = setInterval(() => this.listen(), Math.max(20, options.silenceMs() / 8));
    this.watch.unref();
  }

  get open(): boolean {
    return !this.link.ended;
  }

  /** Asks the server. @throws AppError what it refused with; `server.unreachable` when no answer came */
  async request(call: string, body: object, { timeoutMs, urgent = false }: Ask): Promise<Json> {
    if (!this.open) throw gone();
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    const timer = setTimeout(() => this.late(request), timeoutMs);
    const request: Request = { call, body, timer, resolve, reject };
    if (urgent || this.underWay.size < MOST_UNDER_WAY) this.begin(request);
    else if (this.waiting.length < MOST_WAITING) this.waiting.push(request);
    else {
      clearTimeout(timer);
      reject(new AppError("server.unreachable", { detail: "too many requests wait for the control plane" }));
    }
    return await promise;
  }

  end(reason: Error | null): void {
    this.link.end(reason);
  }

  private begin(request: Request): void {
    this.lastId += 1;
    const id = this.lastId;
    this.underWay.set(id, request);
    this.quietSince ??= this.options.clock();
    this.link.send({ id, call: request.call, body: request.body });
  }

  /** An answer that comes later than this finds nobody: its number stays known until then, so that it is not taken for a forged one. */
  private late(request: Request): void {
    const at = this.waiting.indexOf(request);
    if (at !== -1) this.waiting.splice(at, 1);
    request.reject(new AppError("server.unreachable", { detail: "the control plane did not answer in time" }));
  }

  private message(bytes: Buffer): void {
    this.quietSince = null;
    this.pinged = false;
    const message = readServerMessage(parsed(bytes));
    if (message.kind === "push") this.pushed(message.push, message.body);
    else this.answered(message);
    if (this.underWay.size > 0) this.quietSince = this.options.clock();
  }

  private answered(message: Exclude<ReturnType<typeof readServerMessage>, { kind: "push" }>): void {
    const request = this.underWay.get(message.id);
    if (request === undefined) throw malformed("an answer to a request that was not made, or a second one");
    this.underWay.delete(message.id);
    clearTimeout(request.timer);
    if (message.kind === "answer") request.resolve(message.body);
    else request.reject(message.problem);
    const next = this.waiting.shift();
    if (next !== undefined) this.begin(next);
  }

  private pushed(push: number, body: JsonObject): void {
    if (push !== this.lastPush + 1)
      throw malformed(`push ${String(push)} after ${String(this.lastPush)}: out of order, repeated or from the future`);
    this.lastPush = push;
    this.options.onPush(body).then(
      (ack) => this.link.send({ ack: push, body: ack }),
      // What cannot be taken in is not acknowledged: the stop waits for the end of this point's lease.
      (error: unknown) => {
        if (error instanceof AppError && error.code === "link.malformed") this.link.end(error);
      },
    );
  }

  private listen(): void {
    if (this.silentMs() > this.options.silenceMs() / 2 && !this.pinged) {
      this.pinged = true;
      this.begin({
        call: "ping",
        body: {},
        timer: setTimeout(() => undefined, 0),
        resolve: () => undefined,
        reject: () => undefined,
      });
    }
    if (this.silentMs() <= this.options.silenceMs()) return;
    // What came in while this process stood still is read first.
    setImmediate(() => {
      if (this.silentMs() > this.options.silenceMs())
        this.link.end(new AppError("server.unreachable", { detail: "the control plane fell silent" }));
    });
  }

  private silentMs(): number {
    return this.quietSince === null ? 0 : this.options.clock() - Math.max(this.quietSince, this.link.heardAt);
  }

  private ended(reason: Error | null): void {
    clearInterval(this.watch);
    const error = reason instanceof AppError ? reason : gone(reason);
    for (const request of [...this.underWay.values(), ...this.waiting.splice(0)]) {
      clearTimeout(request.timer);
      request.reject(error);
    }
    this.underWay.clear();
    this.options.onEnd(reason);
  }
}

/** The server is known by its certificate: what it says is read fast, and looked at where it is used. */
function parsed(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString("utf8")) as Json;
  } catch {
    throw malformed("a message is not JSON");
  }
}

function gone(cause?: Error | null): AppError {
  return new AppError("server.unreachable", {
    detail: "the link to the control plane broke",
    ...(cause === undefined || cause === null ? {} : { cause }),
  });
}

import type { TLSSocket } from "node:tls";
import { AppError, type JsonObject, type Random, codeRow } from "@countersign/core";
import type { PointLog } from "../point.ts";
import { PointLink } from "./point-link.ts";

export interface LinksOptions {
  /** Addresses of the API, of one or several servers. */
  readonly servers: readonly string[];
  /** Opens the link to one of them. */
  readonly dial: (url: string, signal: AbortSignal) => Promise<TLSSocket>;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  readonly random: Random;
  readonly leaseMs: () => number;
  readonly log: PointLog;
  readonly onPush: (body: JsonObject) => Promise<object>;
  /** Another link is there than the one on which this point has joined. */
  readonly onReplaced: () => void;
}

/** A server that does not answer a dial is not waited for: the next one is tried beside it. */
const STAGGER_MS = 300;
const LONGEST_PAUSE_MS = 1000;
const FIRST_PAUSE_MS = 50;

/** Keeps one link to one of the servers, for as long as it is not closed. */
export class Links {
  private readonly options: LinksOptions;
  private link: PointLink | null = null;
  private url: string | null = null;
  /** The link on which this point has joined. */
  joined: PointLink | null = null;
  private servers: readonly string[];
  private running = false;
  private replacing = false;
  private readonly closing = new AbortController();
  private last: AppError | null = null;
  /** Why a server did not take this point in, when one was asked last. */
  private refusal: AppError | null = null;
  private waiters = new Set<() => void>();
  private wake: () => void = () => undefined;

  constructor(options: LinksOptions) {
    this.options = options;
    this.servers = options.servers;
  }

  trouble(): AppError | null {
    return this.joined?.open === true ? null : (this.refusal ?? this.last);
  }

  server(): string | null {
    return this.joined?.open === true ? this.url : null;
  }

  /** Joins on whatever link there is. @throws AppError what the server refused with, or `server.unreachable` */
  async join<T>(join: (link: PointLink) => Promise<T>, timeoutMs: number): Promise<T> {
    return await this.until(
      timeoutMs,
      () => this.link,
      async (link) => {
        try {
          const answer = await join(link);
          this.nowJoined(link);
          return answer;
        } catch (error) {
          if (error instanceof AppError && !isUnreachable(error)) this.refusal = error;
          this.leaveWhatFails(link, error);
          throw error;
        }
      },
    );
  }

  /**
   * Renews on the link that there is; when it breaks meanwhile, the next one is waited for.
   * @throws AppError `point.left` on a link on which this point has not joined yet
   */
  async renew<T>(ask: (link: PointLink) => Promise<T>, timeoutMs: number): Promise<T> {
    return await this.until(
      timeoutMs,
      () => this.link,
      async (link) => {
        if (link !== this.joined) throw new AppError("point.left");
        try {
          return await ask(link);
        } catch (error) {
          this.leaveWhatFails(link, error);
          throw error;
        }
      },
    );
  }

  /** Asks on the link on which this point has joined, and on the next such one when that breaks before it answered. */
  async ask<T>(work: (link: PointLink) => Promise<T>, timeoutMs: number): Promise<T> {
    return await this.until(timeoutMs, () => this.joined, work);
  }

  /** The link on which this point has joined. @throws AppError `server.unreachable` when there is none in time */
  async wait(timeoutMs: number): Promise<PointLink> {
    return await this.ask(async (link) => await Promise.resolve(link), timeoutMs);
  }

  close(): void {
    this.closing.abort();
    this.link?.end(null);
    this.wake();
    this.tell();
  }

  /** A server that lives and cannot do its work, perhaps because its database is out of reach or behind, is left for another. */
  private leaveWhatFails(link: PointLink, error: unknown): void {
    const fails = error instanceof AppError && codeRow(error.code).status >= 500;
    if (fails && this.servers.length > 1) link.end(error);
  }

  private async until<T>(
    timeoutMs: number,
    link: () => PointLink | null,
    work: (link: PointLink) => Promise<T>,
  ): Promise<T> {
    this.run().catch((error: unknown) => this.options.log.error({ err: error }, "links are not looked after"));
    const ends = this.options.clock() + timeoutMs;
    for (;;) {
      const current = link();
      if (current?.open === true) {
        try {
          return await work(current);
        } catch (error) {
          if (current.open || !isUnreachable(error)) throw error;
        }
      } else {
        const left = ends - this.options.clock();
        if (left <= 0 || this.closing.signal.aborted) throw this.last ?? unreachable("there is no link");
        await this.change(left);
      }
    }
  }

  /** Resolves when something about the link changed, or after that time. */
  private async change(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.waiters.add(done);
    });
  }

  private tell(): void {
    for (const waiter of this.waiters) waiter();
  }

  private nowJoined(link: PointLink): void {
    this.joined = link;
    this.last = null;
    this.refusal = null;
    this.tell();
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    for (let failures = 0; !this.closing.signal.aborted;) {
      try {
        await this.connect();
        failures = 0;
      } catch (error) {
        this.last = error instanceof AppError ? error : unreachable("a link could not be opened", error);
        failures += 1;
        await this.pause(failures);
      }
    }
  }

  /** One link, from its beginning to its end. */
  private async connect(): Promise<void> {
    const { url, socket } = await this.dialAny();
    const ended = Promise.withResolvers<Error | null>();
    const { clock, leaseMs, onPush } = this.options;
    const began = clock();
    const replaces = this.replacing;
    this.replacing = true;
    const link = new PointLink({
      socket,
      clock,
      silenceMs: () => leaseMs() / 3,
      onPush,
      onEnd: (reason) => ended.resolve(reason),
    });
    this.link = link;
    this.url = url;
    try {
      this.tell();
      if (replaces) this.options.onReplaced();
      const reason = await ended.promise;
      this.last = reason instanceof AppError ? reason : unreachable("the link broke", reason);
      if (!this.closing.signal.aborted)
        this.options.log.warn({ err: this.last, url }, "link to the control plane lost");
      // A link that breaks as soon as it is there is no reason to try at once again.
      if (this.joined !== link || clock() - began < LONGEST_PAUSE_MS) throw this.last;
    } finally {
      link.end(null);
      this.link = null;
      this.joined = null;
      // Whoever failed last is asked last.
      this.servers = [...this.servers.filter((server) => server !== url), url];
    }
  }

  /** The first server that answers: they are asked one after the other, and beside each other when one is slow. */
  private async dialAny(): Promise<{ readonly url: string; readonly socket: TLSSocket }> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.closing.signal]);
    const tries: Promise<{ url: string; socket: TLSSocket }>[] = [];
    let won = false;
    for (const url of this.servers) {
      const attempt = this.options.dial(url, signal).then((socket) => {
        if (won || signal.aborted) socket.destroy();
        else won = true;
        return { url, socket };
      });
      tries.push(attempt);
      // A refusal lets the next one begin at once.
      await Promise.race([attempt.catch(() => undefined), this.sleep(STAGGER_MS)]);
      if (won) break;
    }
    try {
      return await Promise.any(tries);
    } catch (error) {
      throw (error as AggregateError).errors[0] as Error;
    } finally {
      over.abort();
      for (const attempt of tries) attempt.catch(() => undefined);
    }
  }

  private async pause(failures: number): Promise<void> {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
    const [byte = 0] = this.options.random(1);
    await this.sleep(longest * (0.5 + byte / 512));
  }

  private async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function isUnreachable(error: unknown): error is AppError {
  return error instanceof AppError && error.code === "server.unreachable";
}

function unreachable(detail: string, cause?: unknown): AppError {
  return new AppError("server.unreachable", { detail, ...(cause === undefined || cause === null ? {} : { cause }) });
}

import type { Socket } from "node:net";
import { type Server, type TLSSocket, createServer } from "node:tls";
import { AppError, type PointId, type StateRecord } from "@countersign/core";
import { JoiningLink } from "./joining-link.ts";
import { type LinkIdentity, Session, type SessionParts, isStill } from "./session.ts";

/** What this server shows of itself, and by whom it knows points. */
export interface LinkTrust {
  /** PEM of the installation's authorities. */
  readonly bundle: string;
  /** Certificate and key of this server, PEM; asked for again before it ends. */
  readonly credential: () => { readonly cert: string; readonly key: string; readonly notAfter: number };
  /** Whose certificate (DER) this is now. */
  readonly identify: (
    certificate: Uint8Array,
  ) => Promise<(LinkIdentity & { readonly ok: true }) | { readonly ok: false; readonly code: AppError["code"] }>;
  /** Takes the place of a join token. */
  readonly redeem: (body: {
    readonly id: string;
    readonly secret: string;
    readonly name?: string;
    readonly keyProof: string;
  }) => Promise<object>;
}

export interface PointLinksOptions extends Omit<SessionParts, "joined" | "leaseMs"> {
  readonly trust: LinkTrust;
  readonly now: () => number;
  readonly lease: () => Promise<{ readonly seconds: number; readonly marginMs: number }>;
}

const HANDSHAKE_MS = 5000;
/** Handshakes that may be under way, and links of whoever has no certificate yet. */
const MOST_HANDSHAKES = 2000;
const MOST_JOINING = 100;
/** Links of one identity: one that works, one that takes its place, and copies that wait. Links of all. */
const MOST_OF_ONE = 8;
const MOST_LINKS = 20_000;
const LOOK_MS = 250;

/** The server's side of the point link (ADR 0007): every connection that began with the preamble ends up here. */
export class PointLinks {
  private readonly options: PointLinksOptions;
  private readonly parts: SessionParts;
  private readonly tls: Server;
  /** Every connection, also those that are no link yet. */
  private readonly sockets = new Set<Socket>();
  private readonly sessions = new Set<Session>();
  private readonly linksOf = new Map<PointId, number>();
  private readonly strangers = new Set<JoiningLink>();
  private readonly timer: NodeJS.Timeout;
  private lease = { seconds: 3, marginMs: 500 };
  private shown = "";

  constructor(options: PointLinksOptions) {
    this.options = options;
    this.parts = { ...options, joined: new Map(), leaseMs: () => this.lease.seconds * 1000 };
    this.tls = createServer({
      ...this.context(),
      minVersion: "TLSv1.3",
      handshakeTimeout: HANDSHAKE_MS,
      requestCert: true,
      // Whoever joins has none; what a certificate is worth is asked of `identify`.
      rejectUnauthorized: false,
    });
    this.tls.on("secureConnection", (socket) => void this.secured(socket));
    this.timer = setInterval(() => void this.look(), LOOK_MS);
  }

  /** Takes a connection whose preamble was read. */
  take(socket: Socket): void {
    if (this.sockets.size - this.sessions.size - this.strangers.size >= MOST_HANDSHAKES) {
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.sockets.delete(socket));
    socket.setNoDelay(true);
    this.tls.emit("connection", socket);
  }

  /** The record of a point changed: links of whoever it does not name any more end. */
  moved(record: StateRecord<"point">): void {
    for (const session of this.sessions)
      if (session.identity.point === record.id && !isStill(session.identity, record)) session.end(null);
  }

  close(): void {
    clearInterval(this.timer);
    for (const session of this.sessions) session.end(null);
    for (const stranger of this.strangers) stranger.end();
    for (const socket of this.sockets) socket.destroy();
  }

  private async secured(socket: TLSSocket): Promise<void> {
    socket.on("error", () => socket.destroy());
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return this.stranger(socket);
    const { trust, log } = this.options;
    try {
      // INV-1: the chain as OpenSSL sees it, and the name, the time and the record as this installation does.
      const identified = await trust.identify(certificate.raw);
      if (!identified.ok) this.refuse(socket, identified.code);
      else if (!socket.authorized || socket.destroyed) this.refuse(socket, "svid.untrusted");
      else if (this.isFull(identified.point)) this.refuse(socket, "request.too_many");
      else this.begin(socket, identified);
    } catch (error) {
      log.error({ err: error }, "a link was not identified");
      socket.destroy();
    }
  }

  private begin(socket: TLSSocket, identity: LinkIdentity): void {
    const session = new Session(socket, identity, this.parts);
    const { point } = identity;
    this.sessions.add(session);
    this.linksOf.set(point, (this.linksOf.get(point) ?? 0) + 1);
    socket.once("close", () => {
      this.sessions.delete(session);
      const left = (this.linksOf.get(point) ?? 0) - 1;
      if (left > 0) this.linksOf.set(point, left);
      else this.linksOf.delete(point);
    });
  }

  private isFull(point: PointId): boolean {
    return this.sessions.size >= MOST_LINKS || (this.linksOf.get(point) ?? 0) >= MOST_OF_ONE;
  }

  /** The one message that whoever is refused gets, in place of an answer to its first request. */
  private refuse(socket: TLSSocket, code: AppError["code"]): void {
    this.options.log.warn({ code, address: socket.remoteAddress }, "a link was refused");
    const refusal = new JoiningLink(socket, {
      redeem: async () => await Promise.reject(new AppError(code)),
      calls: null,
      now: this.options.monotonicMs,
    });
    this.keep(socket, refusal);
  }

  private stranger(socket: TLSSocket): void {
    this.keep(
      socket,
      new JoiningLink(socket, { redeem: this.options.trust.redeem, calls: "redeem", now: this.options.monotonicMs }),
    );
  }

  private keep(socket: TLSSocket, link: JoiningLink): void {
    this.strangers.add(link);
    socket.once("close", () => this.strangers.delete(link));
    const [oldest] = this.strangers;
    if (this.strangers.size > MOST_JOINING) oldest?.end();
  }

  /** Silence, not an error, ends a lease: a link that says nothing for as long as one lasts is over. */
  private async look(): Promise<void> {
    const { log, now, lease } = this.options;
    try {
      this.lease = await lease();
    } catch (error) {
      log.warn({ err: error }, "the settings were not read");
    }
    const context = this.context();
    if (context.cert !== this.shown) this.tls.setSecureContext(context);
    this.shown = context.cert;
    const mostMs = this.lease.seconds * 1000 + this.lease.marginMs;
    // What came in while this process stood still is read first.
    setImmediate(() => {
      for (const session of this.sessions) {
        if (session.silentMs > mostMs || session.hasExpired(now())) session.end(null);
      }
    });
  }

  private context(): { readonly cert: string; readonly key: string; readonly ca: string } {
    const { cert, key } = this.options.trust.credential();
    return { cert, key, ca: this.options.trust.bundle };
  }
}

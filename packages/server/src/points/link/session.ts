import type { TLSSocket } from "node:tls";
import { AppError, type JsonObject, type PointId, type StateRecord, parseJson } from "@countersign/core";
import {
  type ControlPlane,
  type Hello,
  LinkSocket,
  type TokenIssuer,
  malformed,
  problemBody,
  readPointMessage,
} from "@countersign/enforce";
import type { Logger } from "pino";
import type { Store } from "../../store/index.ts";
import type { Interest } from "../interest.ts";
import type { Points } from "../points.ts";
import { readHello, readRenewal } from "./bodies.ts";
import { CALLS, type CallContext } from "./calls.ts";
import { assertShape, text } from "./check.ts";
import { LinkedPoint } from "./linked-point.ts";

/** Whose certificate the other side showed. */
export interface LinkIdentity {
  readonly point: PointId;
  readonly name: string;
  readonly jkt: string;
  /** Unix milliseconds: the link does not outlive its certificate. */
  readonly notAfter: number;
}

/** What the sessions of a server work with. */
export interface SessionParts {
  readonly controlPlane: ControlPlane;
  readonly store: Store;
  readonly points: Points;
  readonly log: Logger;
  readonly monotonicMs: () => number;
  readonly leaseMs: () => number;
  /** Who signs the tokens of tasks. */
  readonly tokens: () => Promise<TokenIssuer>;
  readonly secretsFor: (point: PointId, jkt: string) => Promise<boolean>;
  /** Another certificate for the point that showed this key. */
  readonly renewIdentity: (identity: LinkIdentity, keyProof: string) => Promise<object & { readonly notAfter: number }>;
  /** The link of a point that had joined ended without a word. */
  readonly lost: (point: PointId) => Promise<void>;
  /** The session that works as a point, by point. */
  readonly joined: Map<PointId, Session>;
}

const LIMITS = { frameBytes: 4 * 1_048_576, unsentBytes: 128 * 1_048_576 };
/** The message and its body are above the arguments, which are at most 64 deep. */
const DEPTH = 80;
const MOST_UNDER_WAY = 256;
const ANSWER_MS = 30_000;

/** A server's end of one link to a point whose identity is proved. */
export class Session {
  readonly identity: LinkIdentity;
  private readonly parts: SessionParts;
  private readonly link: LinkSocket;
  private readonly linked: LinkedPoint;
  private readonly context: CallContext;
  private lastId = 0;
  private underWay = 0;
  private notAfter: number;
  /** Secret of the process that works as the point over this link; null before it joined. */
  private instance: string | null = null;
  private joining = false;
  private renewedAt = Number.NEGATIVE_INFINITY;

  constructor(socket: TLSSocket, identity: LinkIdentity, parts: SessionParts) {
    this.identity = identity;
    this.parts = parts;
    this.notAfter = identity.notAfter;
    this.link = new LinkSocket(socket, {
      limits: LIMITS,
      now: parts.monotonicMs,
      message: (bytes) => this.message(bytes),
      end: (reason) => this.ended(reason),
    });
    const { point, name, jkt } = identity;
    const agoMs = (): number => parts.monotonicMs() - this.renewedAt;
    const lease = {
      valid: (): boolean => agoMs() < parts.leaseMs(),
      silentMs: (): number | null => (Number.isFinite(agoMs()) ? agoMs() : null),
    };
    this.linked = new LinkedPoint({ id: point, name, link: this.link, lease });
    const secrets = async (): Promise<boolean> => await parts.secretsFor(point, jkt);
    const interest = (): Interest | null => parts.points.interestOf(point);
    this.context = { point, controlPlane: parts.controlPlane, store: parts.store, interest, secrets };
  }

  /** For how long nothing was heard, in ms. */
  get silentMs(): number {
    return this.parts.monotonicMs() - this.link.heardAt;
  }

  hasExpired(now: number): boolean {
    return now > this.notAfter;
  }

  end(reason: Error | null): void {
    this.link.end(reason);
  }

  private message(bytes: Buffer): void {
    const parsed = parseJson(bytes, { sizeBytes: LIMITS.frameBytes, depth: DEPTH });
    if (!parsed.ok) throw malformed(`a message is not strict JSON (${parsed.code})`);
    const message = readPointMessage(parsed.value);
    if (message.kind === "ack") return this.linked.acknowledged(message.ack, message.body);
    const { id, call, body } = message;
    if (id !== this.lastId + 1)
      throw malformed(`request ${String(id)} after ${String(this.lastId)}: out of order, repeated or from the future`);
    this.lastId = id;
    this.underWay += 1;
    if (this.underWay > MOST_UNDER_WAY) throw malformed("too many requests are under way");
    this.answer(id, call, body).catch((error: unknown) => this.link.end(error instanceof Error ? error : null));
  }

  private async answer(id: number, call: string, body: JsonObject): Promise<void> {
    try {
      this.link.send({ id, ok: true, body: (await within(this.perform(call, body))) ?? null });
    } catch (error) {
      const known = this.known(error, call);
      // Whoever speaks another language, or is no point any more, is not spoken to.
      if (known.code === "link.malformed") this.link.end(known);
      else this.link.send({ id, ok: false, problem: problemBody(known) });
      if (known.code === "point.unknown") this.link.finish();
    } finally {
      this.underWay -= 1;
    }
  }

  private known(error: unknown, call: string): AppError {
    if (error instanceof AppError) return error;
    this.parts.log.error({ err: error, point: this.identity.point, call }, "a call of a point failed");
    return new AppError("internal.error");
  }

  private async perform(call: string, body: JsonObject): Promise<unknown> {
    const { point } = this.identity;
    if (call === "ping") return null;
    if (call === "join") return await this.join({ ...readHello(body), point });
    if (call === "renewIdentity") {
      const { keyProof } = assertShape("renewIdentity", body, { keyProof: text(4096) });
      const renewed = await this.parts.renewIdentity(this.identity, keyProof as string);
      this.notAfter = renewed.notAfter;
      return renewed;
    }
    const row = Object.hasOwn(CALLS, call) ? CALLS[call] : undefined;
    if (row === undefined && call !== "renew" && call !== "leave") throw malformed("there is no such call");
    if (this.parts.joined.get(point) !== this) throw new AppError("point.left", { detail: "join first" });
    if (call === "renew") return await this.renew(body);
    if (call === "leave") return await this.leave();
    return await row?.(this.context, body);
  }

  private async join(hello: Hello): Promise<unknown> {
    const { joined, points, controlPlane, monotonicMs } = this.parts;
    const { point } = this.identity;
    const before = joined.get(point);
    // A point that works over another link here is not disturbed by a copy of it.
    if (this.joining || (before !== undefined && before !== this && before.instance !== hello.instance))
      throw new AppError("point.in_use");
    this.joining = true;
    this.instance = hello.instance;
    joined.set(point, this);
    if (before !== undefined && before !== this) before.end(null);
    // INV-3: it is told of changes before it may act.
    points.connect(this.linked);
    try {
      const asked = monotonicMs();
      const snapshot = await controlPlane.join(hello);
      await this.assertStill();
      this.renewedAt = asked;
      if (this.link.ended) {
        this.forget();
        await this.parts.lost(point);
      }
      return { ...snapshot, tokens: await this.parts.tokens() };
    } catch (error) {
      this.forget();
      throw error;
    } finally {
      this.joining = false;
    }
  }

  /** INV-12: with another key the point is somebody else's, however long this link has been open. */
  private async assertStill(): Promise<void> {
    const record = await this.parts.store.get("point", this.identity.point);
    if (record !== null && isStill(this.identity, record)) return;
    await this.parts.controlPlane.leave(this.identity.point);
    throw new AppError("point.unknown");
  }

  private async renew(body: JsonObject): Promise<unknown> {
    const renewal = { ...readRenewal(body), point: this.identity.point };
    const asked = this.parts.monotonicMs();
    const snapshot = await this.parts.controlPlane.renew(renewal);
    this.renewedAt = asked;
    return snapshot;
  }

  private async leave(): Promise<null> {
    await this.parts.controlPlane.leave(this.identity.point);
    this.forget();
    return null;
  }

  /** Takes the point out of the list of those that are told, unless another link has taken its place. */
  private forget(): boolean {
    const { joined, points } = this.parts;
    const { point } = this.identity;
    if (joined.get(point) !== this) return false;
    joined.delete(point);
    points.disconnect(point, this.linked);
    return true;
  }

  private ended(reason: Error | null): void {
    const { log, lost } = this.parts;
    const { point, name } = this.identity;
    const isCode = reason instanceof AppError && reason.code === "link.malformed";
    if (isCode) log.warn({ err: reason, point, name }, "link of a point ended: it does not speak its language");
    this.linked.ended();
    if (this.joining || !this.forget()) return;
    lost(point).catch((error: unknown) => log.warn({ err: error, point }, "the end of a link was not noted"));
  }
}

/** Whether the record still names the point that this identity was proved for. */
export function isStill({ jkt }: LinkIdentity, { terms, state }: StateRecord<"point">): boolean {
  return terms.jkt === jkt && state.status !== "removed" && state.removing !== true;
}

async function within<T>(awaited: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new AppError("ledger.unavailable", { detail: "no answer in time" })),
    ANSWER_MS,
  );
  try {
    return await Promise.race([awaited, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

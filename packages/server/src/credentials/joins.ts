import { AppError, type PointId, type PublicJwk, type StateRecord, isId, newId } from "@countersign/core";
import { makeJoinToken, opaqueMatches, verifyKeyProof } from "@countersign/credentials";
import { type Kernel, change, named, retried, serverEntry, settingsOf, versionNow } from "../kernel.ts";
import { type Put, withState } from "../store/index.ts";
import type { Authority, Svid } from "./authority.ts";
import { assertFreeName, pointNamed } from "./names.ts";

/** How long a token can be used, and how many may wait (ADR 0007). */
const TOKEN_MS = 600_000;
const MOST_OPEN = 100;
/** Digest of nothing: what an unknown token is compared with. */
const NOBODY = "A".repeat(43);

type Join = StateRecord<"join">;
type Point = StateRecord<"point">;

/** What `POST /v1/points/tokens` answers: shown once. */
export interface NewToken {
  readonly token: string;
  readonly name: string;
  readonly expiresAt: string;
  /** Address that the gateway dials. */
  readonly server: string;
}

/** What a gateway sends when it joins, over TLS with the trust bundle as its sole authority. */
export interface Redemption {
  readonly id: string;
  readonly secret: string;
  /** The name that the gateway was started with; absent: whatever the token says. */
  readonly name?: string | undefined;
  /** Of purpose `point`, for the server's SPIFFE ID, tied to the token's id: the key in it is the one that is certified. */
  readonly keyProof: string;
}

/** All that a gateway needs to come back as its point. */
export interface Joined {
  readonly point: PointId;
  readonly name: string;
  /** PEM: its certificate, and the authorities that it believes. */
  readonly svid: string;
  readonly bundle: string;
  /** Unix milliseconds. */
  readonly notAfter: number;
  /** By which it verifies access tokens. */
  readonly issuer: { readonly keys: readonly PublicJwk[]; readonly issuer: string };
}

/** Places in which a gateway may join: made by an administrator, taken once. */
export class Joins {
  private readonly kernel: Kernel;
  private readonly authority: Authority;

  constructor(kernel: Kernel, authority: Authority) {
    this.kernel = kernel;
    this.authority = authority;
  }

  /**
   * A token for the point of that name. It ends an older one for the same name; for a point that is away it gives that point a new key.
   * @throws AppError `request.conflict` for a name in use, `request.too_many`
   */
  async create(name: string, by: string): Promise<NewToken> {
    return await retried(async () => await this.createOnce(name, by));
  }

  private async createOnce(name: string, by: string): Promise<NewToken> {
    const { kernel } = this;
    const since = await versionNow(kernel);
    await assertFreeName(kernel, name);
    const now = kernel.now();
    const open = await kernel.store.find("join", { status: "open" });
    const ended = open.filter((join) => join.terms.name === name || isOver(join, now));
    if (open.length - ended.length >= MOST_OPEN)
      throw new AppError("request.too_many", { detail: "too many join tokens wait; use them or let them end" });
    const id = newId("joi", now, kernel.random);
    const { token, digest } = makeJoinToken({ id, bundleHash: this.authority.hash, random: kernel.random });
    const expiresAt = new Date(now + TOKEN_MS).toISOString();
    const terms = { name, tokenDigest: digest, expiresAt };
    const join: Put = { kind: "join", id, terms, state: { status: "open" }, authority: null };
    const puts = [join, ...ended.map((one) => withState(one, { status: "ended" }))];
    await change(kernel, {
      expect: [
        { kind: "join", id, version: 0 },
        ...ended.map(({ version, ...one }) => ({ kind: one.kind, id: one.id, version })),
      ],
      // One name, one open token: so that one name never becomes two points.
      unchanged: [{ kind: "join", status: "open", since }],
      put: puts,
      entries: [
        serverEntry(kernel, "identity", {
          action: "point.token",
          resource: id,
          cause: { by, name },
          changes: named(puts),
        }),
      ],
    });
    return { token, name, expiresAt, server: (await settingsOf(kernel)).publicUrl };
  }

  /**
   * Takes the place of a token: in one commit the token is used and the point is there with its key.
   * @throws AppError `join.refused` (unknown, used, ended, for another name: the caller cannot tell which), `credential.*` for the proof of
   * the key, `point.in_use` while another process may hold the point's lease
   */
  async redeem(redemption: Redemption): Promise<Joined> {
    // Of two that come at once one is first, and the other one looks again and finds the token used.
    return await retried(async () => await this.redeemOnce(redemption));
  }

  private async redeemOnce({ id, secret, name, keyProof }: Redemption): Promise<Joined> {
    const { kernel, authority } = this;
    const now = kernel.now();
    const join = await this.openJoin(id, secret);
    if (name !== undefined && name !== join.terms.name) throw refused();
    const expected = { purpose: "point", audience: authority.serverId, nonce: id, now } as const;
    const proof = verifyKeyProof(keyProof, expected);
    if (!proof.ok)
      throw new AppError(proof.code, { detail: "the proof of the gateway's key was refused; is its clock right?" });
    const before = await pointNamed(kernel, join.terms.name);
    if (before !== null && (before.state.status !== "away" || before.terms.place === "own")) throw inUse(before);
    const point = this.pointOf(join, before, proof.jkt);
    const svid = authority.issue(`/point/${point.id}`, proof.jwk);
    await this.take(join, { before, point, svid, jkt: proof.jkt });
    const { publicUrl } = await settingsOf(kernel);
    return {
      point: point.id,
      name: join.terms.name,
      svid: svid.pem,
      bundle: authority.pem,
      notAfter: svid.notAfter,
      issuer: { keys: [kernel.keys.tokens.jwk], issuer: publicUrl },
    };
  }

  private async openJoin(id: string, secret: string): Promise<Join> {
    const { store, now } = this.kernel;
    const join = isId("joi", id) ? await store.get("join", id) : null;
    const known = opaqueMatches(secret, join?.terms.tokenDigest ?? NOBODY);
    if (join === null || !known || join.state.status !== "open" || isOver(join, now())) throw refused();
    return join;
  }

  /** INV-12: trust is in a key: with another key it ends, with the same it stays, for its terms stay. */
  private pointOf({ terms: { name } }: Join, before: Point | null, jkt: string): Put & { readonly kind: "point" } {
    const { kernel } = this;
    const now = kernel.now();
    const id = before?.id ?? newId("ep", now, kernel.random);
    const same = before?.terms.jkt === jkt ? before : null;
    return {
      kind: "point",
      id,
      terms: same?.terms ?? { name, place: "joined", jkt, joinedAt: new Date(now).toISOString() },
      state: {
        status: "away",
        instance: null,
        url: null,
        // INV-3: no number of a joining comes twice: a link of the former key confirms nothing for the new one.
        ...(before?.state.joins === undefined ? {} : { joins: before.state.joins }),
      },
      authority: same?.authority ?? null,
    };
  }

  private async take(join: Join, { before, point, svid, jkt }: Taken): Promise<void> {
    const { kernel } = this;
    const puts = [withState(join, { status: "used" }), point];
    await change(kernel, {
      expect: [
        { kind: "join", id: join.id, version: join.version },
        { kind: "point", id: point.id, version: before?.version ?? 0 },
      ],
      put: puts,
      entries: [
        serverEntry(kernel, "identity", {
          action: "point.join",
          resource: point.id,
          cause: { token: join.id, jkt },
          changes: named(puts),
        }),
        serverEntry(kernel, "key", { action: "svid.issue", resource: point.id, cause: issued(svid, jkt) }),
      ],
    });
  }
}

interface Taken {
  readonly before: Point | null;
  readonly point: Put & { readonly kind: "point" };
  readonly svid: Svid;
  readonly jkt: string;
}

/** What an entry says of an SVID. */
export function issued({ spiffeId, serial, notAfter }: Svid, jkt: string): { readonly [name: string]: string } {
  return { spiffeId, jkt, serial, notAfter: new Date(notAfter).toISOString() };
}

function isOver({ terms }: Join, now: number): boolean {
  return Date.parse(terms.expiresAt) <= now;
}

function refused(): AppError {
  return new AppError("join.refused", {
    detail: "the join token is unknown, was used or has ended; make another one with `countersign gateway token`",
  });
}

function inUse({ terms }: Point): AppError {
  return new AppError("point.in_use", {
    detail: `a process may still act as \`${terms.name}\`; end it, or wait until its lease has run out`,
  });
}

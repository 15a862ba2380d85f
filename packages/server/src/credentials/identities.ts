import type { PointDetail } from "@countersign/api";
import { AppError, type PointId, type PublicJwk, type StateRecord, isId } from "@countersign/core";
import { type SvidCode, verifyKeyProof, verifySvid } from "@countersign/credentials";
import type { Approvals, Proposed } from "../approvals/index.ts";
import { type Kernel, change, named, retried, serverEntry } from "../kernel.ts";
import { type PointStanding, leaseOf, standings } from "../points/index.ts";
import { type Put, withState } from "../store/index.ts";
import type { Authority } from "./authority.ts";
import { type Joined, issued } from "./joins.ts";
import { findPoint } from "./names.ts";
import { isTrusted } from "./trust.ts";

type Point = StateRecord<"point">;

/** Whose certificate it is, or why it is nobody's. */
export type Identified =
  | {
      readonly ok: true;
      readonly point: PointId;
      readonly name: string;
      readonly jkt: string;
      readonly notAfter: number;
    }
  | { readonly ok: false; readonly code: SvidCode | "point.unknown" };

/** Points on other machines: who they are, and what they are trusted with. */
export class Identities {
  private readonly kernel: Kernel;
  private readonly authority: Authority;
  private readonly approvals: Approvals;

  constructor(
    kernel: Kernel,
    { authority, approvals }: { readonly authority: Authority; readonly approvals: Approvals },
  ) {
    this.kernel = kernel;
    this.authority = authority;
    this.approvals = approvals;
  }

  /**
   * Whose certificate this is, at this moment: it verifies, and it is for the key that the record of its point names. What was removed or has
   * another key since is refused, however long its certificate would last.
   */
  async identify(svid: Uint8Array): Promise<Identified> {
    const verified = verifySvid(svid, { bundle: this.authority.bundle, now: this.kernel.now() });
    if (!verified.ok) return verified;
    const id = verified.path.replace("/point/", "");
    const point = isId("ep", id) && verified.path === `/point/${id}` ? await this.kernel.store.get("point", id) : null;
    if (point === null || !holds(point, verified.jkt)) return { ok: false, code: "point.unknown" };
    return { ok: true, point: point.id, name: point.terms.name, jkt: verified.jkt, notAfter: verified.notAfter };
  }

  /**
   * Another certificate for a point that showed the present one, of which `jkt` is the key. The proof is of purpose `point`, tied to `jkt`; the
   * key in it may be a new one, and then trust in the old one ends.
   * @throws AppError `point.unknown`, `credential.*`
   */
  async renew(id: PointId, jkt: string, keyProof: string): Promise<Omit<Joined, "issuer">> {
    return await retried(async () => await this.renewOnce(id, jkt, keyProof));
  }

  private async renewOnce(id: PointId, jkt: string, keyProof: string): ReturnType<Identities["renew"]> {
    const { kernel, authority } = this;
    const point = await kernel.store.get("point", id);
    if (point === null || !holds(point, jkt)) throw new AppError("point.unknown");
    const expected = { purpose: "point", audience: authority.serverId, nonce: jkt, now: kernel.now() } as const;
    const proof = verifyKeyProof(keyProof, expected);
    if (!proof.ok)
      throw new AppError(proof.code, { detail: "the proof of the gateway's key was refused; is its clock right?" });
    const svid = authority.issue(`/point/${id}`, proof.jwk);
    const puts = proof.jkt === jkt ? [] : [rekeyed(point, proof, kernel.now())];
    await change(kernel, {
      expect: [{ kind: "point", id, version: point.version }],
      put: puts,
      entries: [
        serverEntry(kernel, "key", {
          action: "svid.issue",
          resource: id,
          cause: issued(svid, proof.jkt),
          changes: named(puts),
        }),
      ],
    });
    return { point: id, name: point.terms.name, svid: svid.pem, bundle: authority.pem, notAfter: svid.notAfter };
  }

  /** Tightening, and for good: its certificate is worth nothing from now on. One whose lease may still run is `leaving` until that is over. */
  async remove(
    idOrName: string,
    by: string,
  ): Promise<{ readonly id: PointId; readonly status: Point["state"]["status"] }> {
    return await retried(async () => await this.removeOnce(idOrName, by));
  }

  private async removeOnce(idOrName: string, by: string): ReturnType<Identities["remove"]> {
    const { kernel } = this;
    const point = await findPoint(kernel, idOrName);
    const { id, terms, state, version } = point;
    if (terms.place === "own")
      throw new AppError("request.conflict", { detail: `\`${terms.name}\` is a part of this server` });
    if (state.status === "removed" || state.removing === true) return { id, status: state.status };
    // INV-3: a stop still waits for a lease that may run.
    const next: Point["state"] =
      state.status === "away"
        ? { ...state, status: "removed" }
        : { ...state, status: "leaving", instance: null, removing: true, unclosed: true };
    const put: Put = { ...withState(point, next), authority: null };
    await change(kernel, {
      expect: [{ kind: "point", id, version }],
      put: [put],
      entries: [
        serverEntry(kernel, "identity", { action: "point.remove", resource: id, cause: { by }, changes: [put] }),
      ],
    });
    return { id, status: next.status };
  }

  /** Proposes that a gateway gets secrets from the store; it does when an administrator has signed it. */
  async trust(idOrName: string): Promise<Proposed> {
    const point = await findPoint(this.kernel, idOrName);
    const { id, terms } = point;
    if (terms.place === "own" || terms.jkt === null || !holds(point, terms.jkt))
      throw new AppError("request.conflict", { detail: `\`${terms.name}\` is no gateway that has joined` });
    if (await isTrusted(this.kernel.store, point))
      throw new AppError("request.conflict", { detail: `\`${terms.name}\` gets secrets already` });
    return await this.approvals.propose({ act: "point.trust", draft: { id, jkt: terms.jkt }, resource: id });
  }

  /** INV-9: whether the point of this id gets secrets from the store while it shows this key. For points of this process nobody asks. */
  async secretsFor(id: PointId, jkt: string): Promise<boolean> {
    const point = await this.kernel.store.get("point", id);
    return point !== null && holds(point, jkt) && (await isTrusted(this.kernel.store, point));
  }

  async list(): Promise<readonly PointDetail[]> {
    const { store, points } = this.kernel;
    const here = new Map(points.all().map((one) => [one.id as string, one]));
    const records = await store.find("point", { limit: MOST_LISTED });
    const known = new Set<string>(records.map(({ id }) => id));
    const joined = records
      .filter(({ state }) => state.status !== "removed")
      .map(async (point) => await this.show(point, here));
    const own = standings({
      records: [],
      connected: [...here.values()].filter(({ id }) => !known.has(id)),
      now: this.kernel.now(),
    });
    return [...own.map(ownPoint), ...(await Promise.all(joined))];
  }

  private async show(point: Point, here: ReadonlyMap<string, Connected>): Promise<PointDetail> {
    const { id, terms, state } = point;
    const { lease, since } = leaseOf(point, here.get(id), this.kernel.now());
    return {
      id,
      name: terms.name,
      lease,
      lostSince: since,
      place: terms.place,
      status: state.status,
      url: state.url,
      postgres: state.postgres ?? null,
      joinedAt: terms.joinedAt,
      jkt: terms.jkt,
      secrets: terms.place === "own" || (await isTrusted(this.kernel.store, point)),
    };
  }
}

const MOST_LISTED = 2000;
type Connected = ReturnType<Kernel["points"]["all"]>[number];

function ownPoint({ id, name, lease, since, place, status }: PointStanding): PointDetail {
  const unknown = { url: null, postgres: null, joinedAt: null, jkt: null } as const;
  return { id, name, lease, lostSince: since, place, status, ...unknown, secrets: true };
}

/** Whether this key is the point's, and the point is one. */
function holds({ terms, state }: Point, jkt: string): boolean {
  return terms.place === "joined" && terms.jkt === jkt && state.status !== "removed" && state.removing !== true;
}

function rekeyed(point: Point, { jkt }: { readonly jwk: PublicJwk; readonly jkt: string }, now: number): Put {
  const terms = { ...point.terms, jkt, joinedAt: new Date(now).toISOString() };
  return { kind: "point", id: point.id, terms, state: point.state, authority: null };
}

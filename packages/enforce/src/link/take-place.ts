import { performance } from "node:perf_hooks";
import { AppError, type JsonObject, type PointId, isId, isJsonObject } from "@countersign/core";
import { type SigningKey, parseBundle, signKeyProof } from "@countersign/credentials";
import { type DialOptions, dial } from "./dial.ts";
import { malformed } from "./messages.ts";
import { PointLink } from "./point-link.ts";

const ANSWER_MS = 15_000;

/** Who a point is: what it keeps, beside its key. */
export interface PointIdentity {
  readonly point: PointId;
  readonly name: string;
  /** PEM: its certificate, and the authorities that it believes. */
  readonly svid: string;
  readonly bundle: string;
  /** Unix milliseconds. */
  readonly notAfter: number;
}

export interface TakePlaceOptions extends Omit<DialOptions, "identity"> {
  /** Of the join token. */
  readonly token: { readonly id: string; readonly secret: string };
  readonly name?: string;
  readonly key: SigningKey;
}

/**
 * Takes the place of a join token: over TLS with the bundle as the sole authority, after its hash was compared with the token's.
 * @throws AppError `join.refused`, `point.in_use`, `credential.*`, `server.unreachable`
 */
export async function takePlace({ token, name, key, ...where }: TakePlaceOptions): Promise<PointIdentity> {
  const parsed = parseBundle(where.bundle);
  if (!parsed.ok) throw new AppError("join.other_bundle");
  const audience = `spiffe://${parsed.bundle.trustDomain}/server`;
  const keyProof = signKeyProof(key, { purpose: "point", audience, nonce: token.id, now: where.now() });
  const link = new PointLink({
    socket: await dial({ ...where, identity: null }),
    clock: () => performance.now(),
    silenceMs: () => ANSWER_MS,
    onPush: async () => await Promise.reject(malformed("nothing is pushed to whoever joins")),
    onEnd: () => undefined,
  });
  try {
    const body = { id: token.id, secret: token.secret, ...(name === undefined ? {} : { name }), keyProof };
    return readIdentity(await link.request("redeem", body, { timeoutMs: ANSWER_MS }));
  } finally {
    link.end(null);
  }
}

/** @throws AppError `link.malformed` */
export function readIdentity(body: unknown): PointIdentity {
  const { point, name, svid, bundle, notAfter } = isJsonObject(body as JsonObject) ? (body as JsonObject) : {};
  const texts = typeof name === "string" && typeof svid === "string" && typeof bundle === "string";
  if (!isId("ep", point) || !texts || typeof notAfter !== "number") throw malformed("an identity is not whole");
  return { point, name, svid, bundle, notAfter };
}

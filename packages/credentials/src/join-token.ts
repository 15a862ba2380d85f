import { type JoinId, type Random, isId } from "@countersign/core";
import { decodeBase64url } from "./base64url.ts";
import { type OpaqueToken, opaqueToken } from "./opaque-token.ts";

const SCHEME = "csj1";

/** What a person carries to the machine of a gateway: the place that it may take, and which authority it believes. */
export interface JoinToken {
  readonly id: JoinId;
  /** 256 bits in base64url: only its digest is stored. */
  readonly secret: string;
  /** {@link bundleHash} of the trust bundle. */
  readonly bundleHash: string;
}

/** A new join token as text, `csj1.<id>.<secret>.<hash of the bundle>`, and the digest under which its secret is kept. */
export function makeJoinToken({
  id,
  bundleHash,
  random,
}: {
  readonly id: JoinId;
  readonly bundleHash: string;
  readonly random: Random;
}): OpaqueToken {
  const { token, digest } = opaqueToken(random);
  return { token: [SCHEME, id, token, bundleHash].join("."), digest };
}

/** Reads a join token: four parts, each in its one spelling. Null for everything else. Never throws. */
export function parseJoinToken(text: string): JoinToken | null {
  if (text.length > 256) return null;
  const [scheme, id, secret = "", bundleHash = "", ...more] = text.split(".");
  if (scheme !== SCHEME || !isId("joi", id) || more.length > 0) return null;
  return is32Bytes(secret) && is32Bytes(bundleHash) ? { id, secret, bundleHash } : null;
}

function is32Bytes(text: string): boolean {
  return decodeBase64url(text, 32)?.length === 32;
}

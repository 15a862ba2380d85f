import type { Random } from "@countersign/core";
import { sha256 } from "./digest.ts";
import { sameText } from "./same-text.ts";

/** A secret for one use (set-up link, invitation, cookie): 256 bits in base64url. Only its digest is stored. */
export interface OpaqueToken {
  readonly token: string;
  /** base64url SHA-256 of the token's text. */
  readonly digest: string;
}

export function opaqueToken(random: Random): OpaqueToken {
  const token = Buffer.from(random(32)).toString("base64url");
  return { token, digest: opaqueDigest(token) };
}

/** The digest under which a token that a caller sent is looked up. */
export function opaqueDigest(token: string): string {
  return sha256(token);
}

/** True when the token is the one with that digest; in constant time. */
export function opaqueMatches(token: string, digest: string): boolean {
  return sameText(opaqueDigest(token), digest);
}

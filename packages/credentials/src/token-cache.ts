import type { AccessTokenClaims } from "./access-token.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { VerificationKey } from "./keys.ts";

/**
 * Remembers tokens whose signature was verified, by their exact text, so that each is verified once. Issuer, audience and times
 * are tested again at each use. An entry counts only while the key that verified it is still the issuer's.
 */
export class TokenCache {
  readonly #entries: BoundedCache<{ readonly key: VerificationKey; readonly claims: AccessTokenClaims }>;

  constructor(capacity = 10_000) {
    this.#entries = new BoundedCache(capacity);
  }

  get(token: string, issuerKeys: ReadonlyMap<string, VerificationKey>): AccessTokenClaims | undefined {
    const entry = this.#entries.get(token);
    return entry !== undefined && issuerKeys.get(entry.key.jkt) === entry.key ? entry.claims : undefined;
  }

  set(token: string, key: VerificationKey, claims: AccessTokenClaims): void {
    this.#entries.set(token, { key, claims });
  }

  delete(token: string): void {
    this.#entries.delete(token);
  }
}

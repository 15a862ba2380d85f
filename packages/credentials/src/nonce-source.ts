import type { Random } from "@countersign/core";

/**
 * The nonces of one point and one boot (RFC 9449 section 8). A proof must carry the current or the previous one, so no proof
 * made before this process started, or for another point, is accepted, and a replay memory need not outlive the process.
 */
export class NonceSource {
  readonly #random: Random;
  readonly #rotateMs: number;
  #current: string;
  #previous: string | null = null;
  #since: number;

  /** `now` in Unix milliseconds. A nonce is given out for `rotateSeconds` and accepted for as long again. */
  constructor(random: Random, now: number, rotateSeconds = 120) {
    this.#random = random;
    this.#rotateMs = rotateSeconds * 1000;
    this.#since = now;
    this.#current = this.#next();
  }

  /** The nonce to send in the header `DPoP-Nonce`. */
  current(now: number): string {
    const age = now - this.#since;
    if (age >= this.#rotateMs) {
      this.#previous = age < 2 * this.#rotateMs ? this.#current : null;
      this.#current = this.#next();
      this.#since = now;
    }
    return this.#current;
  }

  accepts(nonce: string, now: number): boolean {
    // A nonce is no secret: each answer carries it. So the comparison need not take constant time.
    return nonce === this.current(now) || nonce === this.#previous;
  }

  #next(): string {
    return Buffer.from(this.#random(16)).toString("base64url");
  }
}

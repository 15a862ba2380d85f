/** How old a proof may be, and how far its clock may be ahead of ours. */
export const PROOF_AGE_SECONDS = 60;
export const PROOF_AHEAD_SECONDS = 30;
const SLICE_SECONDS = 10;

export interface SeenProof {
  /** Thumbprint of the key that signed the proof. */
  readonly jkt: string;
  readonly jti: string;
  /** Whole Unix seconds, within the window above. */
  readonly iat: number;
  /** Unix milliseconds. */
  readonly now: number;
}

/**
 * Remembers each proof for as long as it could be used again (RFC 9449 section 11.1). Bounded: when it is full, or one key
 * fills more than its share, every further proof is refused, so a flood by one agent cannot make room for a replay nor, alone,
 * stop the others. Proofs lie in slices of time that are dropped whole.
 */
export class ReplayMemory {
  readonly #slices = new Map<number, Map<string, Set<string>>>();
  readonly #capacity: number;
  readonly #perKey: number;
  #size = 0;
  #droppedThrough = -1;

  constructor(capacity = 500_000, perKey: number = Math.ceil(capacity / 2)) {
    this.#capacity = capacity;
    this.#perKey = perKey;
  }

  /** Proofs remembered now. */
  get size(): number {
    return this.#size;
  }

  /** True when the proof was not seen before and is now remembered; false on a replay and when there is no room. */
  remember({ jkt, jti, iat, now }: SeenProof): boolean {
    this.#dropUntil(now / 1000 - PROOF_AGE_SECONDS);
    const slice = Math.floor(iat / SLICE_SECONDS);
    // INV-2: after a jump of the clock a proof may come from a time that was forgotten already.
    if (slice <= this.#droppedThrough || this.#size >= this.#capacity) return false;
    let ofKey = 0;
    for (const keys of this.#slices.values()) {
      const seen = keys.get(jkt);
      if (seen === undefined) continue;
      if (seen.has(jti)) return false;
      ofKey += seen.size;
    }
    if (ofKey >= this.#perKey) return false;
    this.#add(slice, jkt, jti);
    return true;
  }

  #add(slice: number, jkt: string, jti: string): void {
    let keys = this.#slices.get(slice);
    if (keys === undefined) this.#slices.set(slice, (keys = new Map()));
    const seen = keys.get(jkt);
    if (seen === undefined) keys.set(jkt, new Set([jti]));
    else seen.add(jti);
    this.#size += 1;
  }

  #dropUntil(oldestIat: number): void {
    for (const [slice, keys] of this.#slices) {
      if ((slice + 1) * SLICE_SECONDS > oldestIat) continue;
      for (const seen of keys.values()) this.#size -= seen.size;
      this.#slices.delete(slice);
      this.#droppedThrough = Math.max(this.#droppedThrough, slice);
    }
  }
}

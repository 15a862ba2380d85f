/** Lets so many things happen at once and so many a second after that. */
export class TokenBucket {
  private tokens: number;
  private at = Number.NEGATIVE_INFINITY;
  private readonly burst: number;
  private readonly perSecond: number;

  constructor(burst: number, perSecond: number) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.tokens = burst;
  }

  /** True when one more may happen now (Unix milliseconds). */
  take(now: number): boolean {
    if (this.isEmpty(now)) return false;
    this.tokens -= 1;
    return true;
  }

  /** True when nothing more may happen now (Unix milliseconds). */
  isEmpty(now: number): boolean {
    if (now > this.at) {
      const earned = Number.isFinite(this.at) ? ((now - this.at) / 1000) * this.perSecond : this.burst;
      this.tokens = Math.min(this.burst, this.tokens + earned);
      this.at = now;
    }
    return this.tokens < 1;
  }
}

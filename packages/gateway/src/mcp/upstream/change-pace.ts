const PACE_MS = 200;
const MAX_KEYS = 256;

/** Passes the first word of a change on at once, and what is said within the next moment as one: an upstream may say it a thousand times. */
export class ChangePace {
  readonly #recent = new Map<string, { again: (() => void) | null }>();

  /** `tell` is called now or, when the same change was told just before, once a little later. */
  note(key: string, tell: () => void): void {
    const recent = this.#recent.get(key);
    if (recent !== undefined) {
      recent.again = tell;
      return;
    }
    // Too many different ones at a time: those are dropped.
    if (this.#recent.size >= MAX_KEYS) return;
    tell();
    this.#rest(key);
  }

  #rest(key: string): void {
    const recent: { again: (() => void) | null } = { again: null };
    this.#recent.set(key, recent);
    setTimeout(() => {
      this.#recent.delete(key);
      if (recent.again === null) return;
      recent.again();
      this.#rest(key);
    }, PACE_MS).unref();
  }
}

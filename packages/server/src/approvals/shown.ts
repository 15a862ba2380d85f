const MOST_KEPT = 10_000;

/** When the control plane first showed an approval to a person: so that an answer that came too fast to be read is seen. */
export class Shown {
  private readonly first = new Map<string, number>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  note(approval: string, person: string): void {
    const key = `${approval} ${person}`;
    if (this.first.has(key)) return;
    const [oldest] = this.first.keys();
    if (this.first.size >= MOST_KEPT && oldest !== undefined) this.first.delete(oldest);
    this.first.set(key, this.now());
  }

  /** Milliseconds since then; 0 for what was never shown. */
  since(approval: string, person: string): number {
    const at = this.first.get(`${approval} ${person}`);
    return at === undefined ? 0 : Math.max(0, this.now() - at);
  }
}

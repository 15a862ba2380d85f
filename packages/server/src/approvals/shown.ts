import type { Kernel } from "../kernel.ts";

const MOST_KEPT = 10_000;
/** As long as an approval can wait. */
const LIFE_MS = 24 * 3_600_000;
const TOPIC = "shown";

/**
 * When an approval was first shown to a person, by any server: so that an answer that came too fast to be read is seen. It only flags; what
 * was lost of it counts as never shown.
 */
export class Shown {
  /** What this server knows already: a page that is looked at again and again asks no other. */
  private readonly first = new Map<string, number>();
  private readonly kernel: Pick<Kernel, "store" | "now">;

  constructor(kernel: Pick<Kernel, "store" | "now">) {
    this.kernel = kernel;
  }

  async note(approval: string, person: string): Promise<void> {
    const key = `${approval} ${person}`;
    if (this.first.has(key)) return;
    const at = (await this.elsewhere(key)) ?? this.kernel.now();
    const [oldest] = this.first.keys();
    if (this.first.size >= MOST_KEPT && oldest !== undefined) this.first.delete(oldest);
    this.first.set(key, at);
    await this.kernel.store.board.post(TOPIC, [{ key, value: at }], LIFE_MS);
  }

  /** Milliseconds since then; 0 for what was never shown. */
  async since(approval: string, person: string): Promise<number> {
    await this.note(approval, person);
    return Math.max(0, this.kernel.now() - (this.first.get(`${approval} ${person}`) ?? 0));
  }

  private async elsewhere(key: string): Promise<number | null> {
    const at = await this.kernel.store.board.take(TOPIC, key);
    return typeof at === "number" ? at : null;
  }
}

import type { Json } from "@countersign/core";
import type { Board, Posted } from "../store.ts";

/** Values of one topic that are kept; the oldest go first. */
const MOST = 100_000;

interface Kept {
  readonly value: Json;
  readonly at: number;
  readonly until: number;
}

/** The board of an installation that is one process: memory. */
export class MemoryBoard implements Board {
  private readonly topics = new Map<string, Map<string, Kept>>();
  private readonly monotonicMs: () => number;

  constructor(monotonicMs: () => number) {
    this.monotonicMs = monotonicMs;
  }

  async post(
    topic: string,
    items: readonly { readonly key: string; readonly value: Json }[],
    ttlMs: number,
  ): Promise<void> {
    const now = this.monotonicMs();
    const kept = this.live(topic, now);
    for (const { key, value } of items) {
      kept.delete(key);
      kept.set(key, { value, at: now, until: now + ttlMs });
    }
    for (const key of kept.keys()) {
      if (kept.size <= MOST) break;
      kept.delete(key);
    }
    if (kept.size > 0) this.topics.set(topic, kept);
    return await Promise.resolve();
  }

  async read(topic: string): Promise<readonly Posted[]> {
    const now = this.monotonicMs();
    const found = [...this.live(topic, now)].map(([key, { value, at }]) => ({ key, value, ageMs: now - at }));
    return await Promise.resolve(found);
  }

  async take(topic: string, key: string): Promise<Json | null> {
    const kept = this.live(topic, this.monotonicMs());
    const found = kept.get(key);
    kept.delete(key);
    if (kept.size === 0) this.topics.delete(topic);
    return await Promise.resolve(found?.value ?? null);
  }

  async claim(topic: string, key: string, ttlMs: number): Promise<boolean> {
    if (this.live(topic, this.monotonicMs()).has(key)) return false;
    await this.post(topic, [{ key, value: true }], ttlMs);
    return true;
  }

  onPost(): () => void {
    return () => undefined;
  }

  private live(topic: string, now: number): Map<string, Kept> {
    const kept = this.topics.get(topic) ?? new Map<string, Kept>();
    for (const [key, { until }] of kept) if (until <= now) kept.delete(key);
    return kept;
  }
}

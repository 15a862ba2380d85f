import type { Json } from "@countersign/core";
import type { Kernel } from "./kernel.ts";

/**
 * What one server of an installation leaves for whichever answers next (ADR 0007): on the board, sealed under the installation's own key and
 * bound to its place and its end. Whoever writes the database can make none, and reads none; put back by them, it counts once more until its
 * end at most.
 */
export class SealedBoard {
  private readonly kernel: Pick<Kernel, "store" | "keys" | "now">;
  private readonly topic: string;
  private readonly lifeMs: number;

  constructor(kernel: Pick<Kernel, "store" | "keys" | "now">, topic: string, lifeMs: number) {
    this.kernel = kernel;
    this.topic = topic;
    this.lifeMs = lifeMs;
  }

  /** Puts or replaces. */
  async post(key: string, value: Json): Promise<void> {
    const { store, keys, now } = this.kernel;
    const text = JSON.stringify({ until: now() + this.lifeMs, value });
    const sealed = Buffer.from(await keys.sealBlob(null, this.place(key), text)).toString("latin1");
    await store.board.post(this.topic, [{ key, value: sealed }], this.lifeMs);
  }

  /** Takes one away: only one caller of one server ever gets it. Null when there is none. */
  async take(key: string): Promise<Json | null> {
    return await this.opened(key, await this.kernel.store.board.take(this.topic, key));
  }

  /** Reads one and leaves it there. Null when there is none. */
  async look(key: string): Promise<Json | null> {
    const posted = (await this.kernel.store.board.read(this.topic)).find((one) => one.key === key);
    return posted === undefined ? null : await this.opened(key, posted.value);
  }

  /** Whether one is there. */
  async has(key: string): Promise<boolean> {
    return (await this.look(key)) !== null;
  }

  private async opened(key: string, sealed: Json): Promise<Json | null> {
    if (typeof sealed !== "string") return null;
    const { keys, now } = this.kernel;
    const text = await keys.openBlob(null, this.place(key), Buffer.from(sealed, "latin1"));
    if (text === null) return null;
    const { until, value } = JSON.parse(text) as { readonly until: number; readonly value: Json };
    return until > now() ? value : null;
  }

  private place(key: string): string {
    return `board/${this.topic}/${key}`;
  }
}

import { timingSafeEqual } from "node:crypto";
import type { Random } from "@countersign/core";

/** What may be cancelled with a key. */
export interface Cancellable {
  cancel(): void;
}
interface Given {
  readonly key: Buffer;
  readonly session: Cancellable;
}

/** Keys by which clients cancel: our own, at random, never the server's; 16 bytes where the protocol takes them. */
export class CancelKeys {
  readonly #random: Random;
  readonly #given = new Map<number, Given>();

  constructor(random: Random) {
    this.#random = random;
  }

  give(session: Cancellable, minor: number): { readonly pid: number; readonly key: Buffer; readonly drop: () => void } {
    const key = Buffer.from(this.#random(minor >= 2 ? 16 : 4));
    let pid = this.#number();
    while (this.#given.has(pid)) pid = this.#number();
    this.#given.set(pid, { key, session });
    return { pid, key, drop: () => this.#given.delete(pid) };
  }

  /** Whoever has the key may cancel what that session runs, and nothing else. */
  use(pid: number, key: Buffer): void {
    const given = this.#given.get(pid);
    if (given === undefined || given.key.length !== key.length || !timingSafeEqual(given.key, key)) return;
    given.session.cancel();
  }

  /** Positive, as process ids are. */
  #number(): number {
    return Buffer.from(this.#random(4)).readUInt32BE(0) & 0x7fff_ffff || 1;
  }
}

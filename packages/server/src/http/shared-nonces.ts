import type { Kernel } from "../kernel.ts";

const SLOT_MS = 120_000;

/**
 * The nonces of all servers of an installation (RFC 9449 section 8): what one gave out another takes. They change every two minutes; the one
 * before is taken too, and the next one, which a server whose clock is ahead gives out already. They change with the generation of the
 * database as well: what was asked for before its failover, or before a restart of the only process, is over.
 */
export class SharedNonces {
  private readonly kernel: Pick<Kernel, "keys" | "store">;

  constructor(kernel: Pick<Kernel, "keys" | "store">) {
    this.kernel = kernel;
  }

  current(now: number): string {
    return this.of(Math.floor(now / SLOT_MS));
  }

  accepts(nonce: string, now: number): boolean {
    const slot = Math.floor(now / SLOT_MS);
    // A nonce is no secret: each answer carries it. So the comparison need not take constant time.
    return [slot, slot - 1, slot + 1].some((one) => this.of(one) === nonce);
  }

  private of(slot: number): string {
    const { keys, store } = this.kernel;
    return keys.mac("countersign-nonce-v1", `${String(store.generation)} ${String(slot)}`).slice(0, 22);
  }
}

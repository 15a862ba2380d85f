import type { Kernel, Published } from "../kernel.ts";
import { Confirmation, type ConfirmedPoint } from "./confirmation.ts";

/** A change that every point has confirmed. */
export interface Confirmed {
  readonly version: number;
  /** RFC 3339 */
  readonly settledAt: string;
  readonly points: readonly ConfirmedPoint[];
}

/**
 * INV-3, for what ends something without being a stop of its own: resolves when every enforcement point has confirmed what was committed just
 * now, or its lease has run out. It holds from the commit on, also when nobody waits for the end of this.
 */
export async function confirmed(kernel: Kernel, published: Published): Promise<Confirmed> {
  const { version, generation, records, acknowledgements: pushed, untold } = published;
  const awaited = { version, generation, records, since: kernel.now(), told: { pushed, untold } };
  const points = await new Confirmation(kernel, awaited).all;
  return { version, settledAt: new Date(kernel.now()).toISOString(), points };
}

import type { Stopping } from "@countersign/api";
import type { StateRecord } from "@countersign/core";
import { Confirmation } from "../confirmations/index.ts";
import type { Kernel, Published } from "../kernel.ts";
import { type Receipt, storeReceipt, storedReceipt } from "./receipt.ts";

type Brake = Pick<StateRecord<"brake">, "id" | "terms">;

/** A stop on its way to its receipt. */
export interface Settling {
  readonly receipt: Promise<Receipt>;
  /** INV-3: which points have confirmed; nothing is said before a point has. */
  shown(): Stopping;
}

/** How much longer than all leases a server waits that did not take the stop: the one that did goes first. */
const GRACE_MS = 1000;
/** How often such a server looks whether the receipt is there. */
const LOOK_MS = 250;

/** Settles a stop that this server has just committed. */
export function settle(kernel: Kernel, brake: Brake, published: Published): Settling {
  const { version, generation, records, indexes, acknowledgements: pushed, untold } = published;
  const confirmation = new Confirmation(kernel, {
    version,
    generation,
    since: kernel.now(),
    records,
    told: { pushed, untold },
    onConfirmed: () => kernel.hint({ kind: "brake", id: brake.id }),
  });
  const receipt = confirmation.all.then(
    async (points) => await storeReceipt(kernel, { brake, version, generation, entryIndex: indexes[0] ?? -1, points }),
  );
  return { receipt, shown: () => shownOf(brake, confirmation) };
}

/**
 * Follows a stop that another server took, or this one before it was started anew, and settles it when nobody else does: a stop is never lost
 * with the server that took it. Its leases are counted from now on, which is later than the commit.
 */
export function settleLater(kernel: Kernel, brake: StateRecord<"brake">): Settling {
  const { generation } = kernel.store;
  const { version } = brake;
  const began = performance.now();
  const confirmation = new Confirmation(kernel, {
    version,
    generation: 0,
    since: kernel.now(),
    records: [brake],
    told: null,
    onConfirmed: () => kernel.hint({ kind: "brake", id: brake.id }),
  });
  const finish = async (): Promise<Receipt> => {
    for (let points: Awaited<typeof confirmation.all> | null = null; ;) {
      const receipt = await storedReceipt(kernel, brake.id);
      if (receipt !== null) return receipt;
      const waited = performance.now() - began;
      if (points !== null && waited > confirmation.leaseMs() + GRACE_MS) {
        const entryIndex = await entryIndexOf(kernel, brake);
        return await storeReceipt(kernel, { brake, version, generation, entryIndex, points });
      }
      points = await Promise.race([confirmation.all, pause(LOOK_MS)]);
      if (points !== null) await pause(LOOK_MS);
    }
  };
  return { receipt: finish(), shown: () => shownOf(brake, confirmation) };
}

async function pause(ms: number): Promise<null> {
  return await new Promise((resolve) => setTimeout(resolve, ms, null));
}

async function entryIndexOf({ store }: Kernel, { id }: Brake): Promise<number> {
  const [entry] = await store.entries({ record: { kind: "brake", id }, limit: 1 });
  return entry?.index ?? -1;
}

function shownOf({ id, terms }: Brake, confirmation: Confirmation): Stopping {
  return {
    id,
    state: "stopping",
    requestedAt: terms.at,
    leasesEndAt: confirmation.leasesEndAt(),
    points: confirmation.shown(),
  };
}

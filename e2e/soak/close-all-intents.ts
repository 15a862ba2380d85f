import { type LedgerEntry, type Random, newId } from "@countersign/core";
import { closeIntentsOf } from "../../packages/server/src/ledger/index.ts";
import type { Store } from "../../packages/server/src/store/index.ts";

/** Ends what a crash cut off, whichever point began it: here each run is a point of its own. Returns the number of intents. */
export async function closeAllIntents(store: Store, random: Random): Promise<number> {
  const open = await store.openIntents();
  const points = new Set(open.map(({ body }) => (body as unknown as LedgerEntry).point));
  const closing = { store, pointId: newId("ep", Date.now(), random), now: Date.now, random };
  let closed = 0;
  for (const point of points) closed += await closeIntentsOf(closing, point);
  return closed;
}

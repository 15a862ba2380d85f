import { type PointId, newId } from "@countersign/core";
import type { Kernel } from "./kernel.ts";
import { FIRST_KEY, type KeyRing, MasterKeys, loadMasterKeys, openKeyRing } from "./keys/index.ts";
import { closeIntentsOf } from "./ledger/index.ts";
import { type ServedPoints, closeLeft } from "./points/index.ts";
import type { ServerOptions } from "./start.ts";
import type { LedgerStore } from "./store/index.ts";

export interface OwnPoint {
  readonly id: PointId;
  readonly name: string;
}

/** The keys and the name of the control plane: made once, by whichever server is first. Run it alone (`store.exclusively`). */
export async function firstKeys(
  { masterKeyFile, random, now }: Pick<ServerOptions, "masterKeyFile" | "random" | "now">,
  store: LedgerStore,
): Promise<{ readonly keys: KeyRing; readonly pointId: PointId }> {
  const isNew = (await store.blob(FIRST_KEY)) === null;
  const masters = new MasterKeys(store, await loadMasterKeys(masterKeyFile, { random, isNew }), masterKeyFile);
  const keys = await openKeyRing(store, masters, { random, now });
  const known = await store.blob(CONTROL);
  if (known !== null) return { keys, pointId: pointIdIn(known) };
  const pointId = newId("ep", now(), random);
  await store.commit({ blobs: [{ name: CONTROL, bytes: Buffer.from(pointId) }] });
  return { keys, pointId };
}

/** INV-6: what a crash of this point's former process cut off has an outcome before it may act again. */
export async function ownPoint(kernel: Kernel, { membership }: ServedPoints, name: string): Promise<OwnPoint> {
  const { store, log } = kernel;
  const id = await store.exclusively(async () => {
    const formerId = await store.blob(`point/${name}`);
    return await membership.own(name, formerId === null ? null : pointIdIn(formerId));
  });
  const record = await store.get("point", id);
  // Another server may be about to do the same.
  if (record?.state.unclosed === true) await closeLeft(kernel, record);
  const closed = await closeIntentsOf(kernel, id);
  if (closed > 0) log.warn({ point: id, closed }, "intents that a crash cut off have the outcome unknown now");
  return { id, name };
}

const CONTROL = "point/control";

function pointIdIn(blob: Uint8Array): PointId {
  return Buffer.from(blob).toString("utf8") as PointId;
}

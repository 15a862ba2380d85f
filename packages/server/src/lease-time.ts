import { AppError, type Settings, type StateRecord } from "@countersign/core";
import type { Kernel } from "./kernel.ts";

/** When each server of this process first saw the settings as they are. */
const SEEN = new WeakMap<Kernel["store"], { readonly version: number; readonly at: number }>();

/**
 * The longest time, in ms, for which a lease may still run after its last renewal was answered: lease and margin. When a change of the
 * settings made it shorter, a point that was not reached since may hold a lease of the former length: so that counts until as much time has
 * passed since this process saw the change (docs/protocol/stop).
 */
export async function leaseMs({ store }: Pick<Kernel, "store">): Promise<number> {
  const settings = await store.get("settings", "settings");
  if (settings === null) throw new AppError("data.damaged", { detail: "the settings are missing from the database" });
  const { version, terms, state } = settings;
  const seen = SEEN.get(store);
  const at = seen?.version === version ? seen.at : performance.now();
  if (seen?.version !== version) SEEN.set(store, { version, at });
  const { formerLeaseMs = 0 } = state;
  return performance.now() - at < formerLeaseMs ? Math.max(formerLeaseMs, lengthOf(terms)) : lengthOf(terms);
}

/** What a change of these settings keeps of them: the longest lease that may have been given. */
export function formerLeaseMs({ terms, state }: Pick<StateRecord<"settings">, "terms" | "state">): number {
  return Math.max(lengthOf(terms), state.formerLeaseMs ?? 0);
}

const lengthOf = ({ lease }: Pick<Settings, "lease">): number => lease.seconds * 1000 + lease.marginMs;

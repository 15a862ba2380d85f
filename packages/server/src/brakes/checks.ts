import { type Kernel, settingsOf } from "../kernel.ts";
import { type Check, failed, passed } from "../check.ts";
import type { Brakes } from "./brakes.ts";

/** A stop is settled at the latest when every lease is over; the servers look for one that is not. */
const LOOKED_FOR_MS = 10_000;

/** INV-3: every stop has its receipt. */
export async function brakeChecks(kernel: Kernel, brakes: Brakes): Promise<readonly Check[]> {
  const { lease } = await settingsOf(kernel);
  const unsettled = await brakes.unsettled(kernel.now() - lease.seconds * 1000 - lease.marginMs - LOOKED_FOR_MS);
  if (unsettled.length === 0) return [passed("stops", "every stop that is due has its receipt")];
  const next = "look at the log; a stop without a receipt is in force, but not confirmed";
  return [failed("stops", `no receipt yet: ${unsettled.join(", ")}`, next)];
}

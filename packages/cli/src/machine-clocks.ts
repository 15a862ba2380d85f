import { uptime } from "node:os";
import type { Clocks } from "@countersign/enforce";

/** The clocks of this machine. */
export const MACHINE_CLOCKS: Clocks = {
  monotonicMs: () => performance.now(),
  wallMs: Date.now,
  uptimeMs: () => uptime() * 1000,
};

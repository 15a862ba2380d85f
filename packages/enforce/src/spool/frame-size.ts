import { canonicalJson } from "@countersign/core";
import type { SpoolFrame } from "../control-plane.ts";

/** Largest draft whose leaf is surely within 60 KB, with what the control plane adds. */
const MOST_DRAFT_BYTES = 60 * 1024 - 1024;
/** Largest frame in clear: what a run with it alone must not exceed on the link. */
const MOST_FRAME_BYTES = 3 * 1024 * 1024;

/** Whether ledger and link take this frame. @throws RangeError on what JSON can't carry */
export function isTooLarge({ entries, disclosure }: SpoolFrame): boolean {
  const sizes = entries.map((draft) => Buffer.byteLength(canonicalJson(draft)));
  const disclosed = disclosure === undefined ? 0 : Buffer.byteLength(canonicalJson(disclosure));
  const frameBytes = sizes.reduce((sum, size) => sum + size, disclosed);
  return Math.max(...sizes) > MOST_DRAFT_BYTES || frameBytes > MOST_FRAME_BYTES;
}

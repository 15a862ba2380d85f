import { randomFillSync } from "node:crypto";
import type { Random } from "@countersign/core";

const POOL_BYTES = 4096;

/**
 * The randomness of a process, drawn from the platform's generator a page at a time: one draw costs as much as the hundred small
 * ones that an action's ids, salts and nonces would be. What was handed out is erased from the pool.
 */
export function pooledRandom(): Random {
  const pool = Buffer.alloc(POOL_BYTES);
  let left = 0;
  return (length) => {
    if (length > POOL_BYTES / 8) return randomFillSync(Buffer.allocUnsafeSlow(length));
    if (left < length) {
      randomFillSync(pool);
      left = POOL_BYTES;
    }
    const bytes = Uint8Array.prototype.slice.call(pool, left - length, left);
    pool.fill(0, left - length, left);
    left -= length;
    return bytes;
  };
}

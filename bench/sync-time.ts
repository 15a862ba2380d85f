import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";

const BLOCK = Buffer.alloc(4096, 1);

/** Times `count` durable writes of 4 KiB to the disk of a folder. Milliseconds. */
export function syncTimes(folder: string, count: number): readonly number[] {
  const path = join(folder, "sync-probe");
  const file = openSync(path, "w");
  try {
    return Array.from({ length: count }, () => {
      const begun = performance.now();
      writeSync(file, BLOCK);
      fdatasyncSync(file);
      return performance.now() - begun;
    });
  } finally {
    closeSync(file);
    unlinkSync(path);
  }
}

import { mkdirSync, statSync } from "node:fs";
import { enableCompileCache } from "node:module";

/** A start is three times as fast with compiled code at hand. Only its owner may write where that lies; without it, it is just slower. */
export function keepCompiledCode(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    if (uid === process.getuid?.() && (mode & 0o022) === 0) enableCompileCache(folder);
  } catch {
    // A home folder that cannot be written is no reason not to start.
  }
}

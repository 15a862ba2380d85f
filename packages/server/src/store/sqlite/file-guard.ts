import { statSync } from "node:fs";
import { join } from "node:path";
import { DATABASE } from "./database.ts";

/** True as long as the database is still the file that was opened. */
export type FileGuard = () => boolean;

/**
 * Watches for the database being removed or replaced under a running store: writes would go on into a file that nobody finds again,
 * and every commit would be acknowledged and lost. Asked once per group, after its sync.
 */
export function fileGuard(path: string): FileGuard {
  const files = [DATABASE, `${DATABASE}-wal`].map((name) => join(path, name));
  const opened = files.map(identity);
  return () => files.every((file, i) => opened[i] !== null && identity(file) === opened[i]);
}

function identity(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? null : `${String(found.dev)} ${String(found.ino)}`;
}

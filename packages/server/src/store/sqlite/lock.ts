import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "@countersign/core";
import { isSqliteError } from "./fault.ts";

/** Holds a data directory until it is released or the process ends, however it ends. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Takes the data directory for this process, else throws `data.in_use` naming the process that has it.
 * The lock is one of the kernel (fcntl, through SQLite on an empty file), so none is left behind by kill -9; the file `pid`
 * beside it only tells who. Never open or close `lock` in this process by other means: that would drop the lock.
 */
export function lockDirectory(path: string, pid: number): DirectoryLock {
  const file = join(path, "lock");
  const pidFile = join(path, "pid");
  closeOnce(file);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // No byte is written, no file made: this works on a full disk too.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (!isSqliteError(error)) throw error;
    throw new AppError("data.in_use", {
      detail: `data directory \`${path}\` is in use by ${holder(pidFile)}; stop it first`,
      cause: error,
    });
  }
  try {
    writeFileSync(pidFile, `${String(pid)}\n`, { mode: 0o600 });
  } catch {
    // A full disk: the lock holds without it.
  }
  return { release: () => db.close() };
}

/** Makes the file with its mode, once, before the lock exists; an existing one is not touched (see above). */
function closeOnce(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

function holder(pidFile: string): string {
  try {
    const pid = readFileSync(pidFile, "utf8").trim();
    return /^\d{1,10}$/.test(pid) ? `process ${pid}` : "another process";
  } catch {
    return "another process";
  }
}

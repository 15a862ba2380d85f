import { createHash } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode, refused } from "./config-file.ts";

export interface Replacement {
  /** A regular file, links followed; or one that is not there yet. */
  readonly target: string;
  /** What must stand there now; null: nothing. */
  readonly before: Buffer | null;
  /** What shall stand there; null: nothing. */
  readonly after: Buffer | null;
}

/**
 * Replaces a file whole: a draft in the same folder, synced, renamed over it. Mode and owner stay. A crash at any moment
 * leaves the old file or the new one.
 * @throws AppError `config.invalid`: changed meanwhile, read-only, linked from elsewhere, owned by another user, no space.
 */
export function replaceFile({ target, before, after }: Replacement): void {
  const draft = join(dirname(target), `.${basename(target)}.${String(process.pid)}.countersign`);
  try {
    if (before === null) mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    mayReplace(target, before);
    clearDrafts(target);
    if (after !== null) writeDraft(draft, target, after);
    // As late as can be: what another program wrote since is not lost.
    if (!sameBytes(current(target), before)) {
      throw refused(`\`${target}\` was changed meanwhile by another program; run the command again`);
    }
    if (after === null) rmSync(target, { force: true });
    else renameSync(draft, target);
    syncFolder(dirname(target));
  } catch (error) {
    rmSync(draft, { force: true });
    if (!(error instanceof Error) || !("code" in error) || error.name === "AppError") throw error;
    throw refused(
      `\`${target}\` cannot be written (${errorCode(error)}); check the rights and the space of its folder`,
      error,
    );
  }
}

/** Writes a file that only this user can read, synced. */
export function writePrivate(path: string, bytes: Buffer): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const fd = openSync(path, "wx", 0o600);
    fill(fd, bytes);
  } catch (error) {
    throw refused(
      `\`${path}\` cannot be written (${errorCode(error)}); check the rights and the space of its folder`,
      error,
    );
  }
}

/** SHA-256 in hexadecimal. */
export function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function mayReplace(target: string, before: Buffer | null): void {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat === undefined || before === null) return;
  if ((stat.mode & 0o200) === 0) throw refused(`\`${target}\` is read-only; make it writable with \`chmod u+w\``);
  if (stat.nlink > 1) throw refused(`\`${target}\` is linked from another place too; make it a file of its own`);
  const uid = process.getuid?.() ?? stat.uid;
  if (uid !== 0 && uid !== stat.uid) throw refused(`\`${target}\` belongs to another user; change its owner`);
}

function writeDraft(draft: string, target: string, bytes: Buffer): void {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  const fd = openSync(draft, "wx", 0o600);
  fill(fd, bytes, () => {
    if (stat === undefined) return;
    fchownSync(fd, stat.uid, stat.gid);
    fchmodSync(fd, stat.mode & 0o7777);
  });
}

function fill(fd: number, bytes: Buffer, then?: () => void): void {
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    then?.();
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Drafts of a process that died: they hold a copy of the configuration. */
function clearDrafts(target: string): void {
  for (const name of readdirSync(dirname(target))) {
    const pid = name.startsWith(`.${basename(target)}.`) ? /\.(\d+)\.countersign$/.exec(name)?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(dirname(target), name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

function current(target: string): Buffer | null {
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) return null;
  return readFileSync(target);
}

function sameBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}

/** Makes a new name in a folder last. Where that fails the file is there all the same: nothing to undo, nobody to tell. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } catch {
    // Some file systems do not sync folders.
  } finally {
    closeSync(fd);
  }
}

import {
  closeSync,
  chmodSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
} from "node:fs";
import { rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "@countersign/core";
import { exportPrivateJwk, generateSigningKey, importSigningKey } from "@countersign/credentials";
import type { SigningKey } from "@countersign/credentials";

/** Name of the device's key within the configuration folder. */
export const DEVICE_KEY_FILE = "device.key";
const KEY_LIMIT_BYTES = 4096;

/**
 * Loads the key in `file`, or makes one if there is none. Two processes that do so at once get the same key. The folder becomes
 * 0700, the file is 0600 from its first moment on.
 * @throws AppError `config.invalid` when others can read the file or it is not an ordinary file of this user,
 * `data.damaged` when it does not hold a key.
 */
export function loadOrCreateKey(file: string): SigningKey {
  return loadKey(file) ?? createKey(file);
}

/** Loads the key in `file`; null when there is no file. Throws as {@link loadOrCreateKey} does. */
export function loadKey(file: string): SigningKey | null {
  const text = readPrivateFile(file);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message may quote the key, so it is dropped (INV-9).
    throw new AppError("data.damaged", { detail: `key file \`${file}\` is damaged, move it away and enrol again` });
  }
  return importSigningKey(value);
}

/** Makes a new Ed25519 key in `file`, or loads the one that another process made meanwhile. */
export function createKey(file: string): SigningKey {
  makePrivateFolder(dirname(file));
  const key = generateSigningKey();
  const draft = `${file}.${key.jkt}`;
  try {
    writeDurably(draft, `${JSON.stringify(exportPrivateJwk(key))}\n`);
    // A link, not a rename: it never replaces a key that is there, and the file is whole when it appears.
    linkSync(draft, file);
    syncFolder(dirname(file));
    return key;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw unusable(file, error);
    const winner = loadKey(file);
    if (winner === null) throw unusable(file, error);
    return winner;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes the key in `file`; nothing happens when there is none. */
export function removeKey(file: string): void {
  rmSync(file, { force: true });
}

function readPrivateFile(file: string): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw unusable(file, error);
  }
  try {
    // INV-9: tested on the open file, so it cannot be exchanged between test and use.
    const facts = fstatSync(descriptor);
    if (!facts.isFile() || facts.size > KEY_LIMIT_BYTES) throw unusable(file);
    if (process.getuid !== undefined && facts.uid !== process.getuid()) throw unusable(file);
    if (process.platform !== "win32" && (facts.mode & 0o077) !== 0) {
      throw new AppError("config.invalid", {
        detail: `others can read key file \`${file}\`, run chmod 600 and enrol again`,
      });
    }
    const bytes = Buffer.alloc(KEY_LIMIT_BYTES);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, KEY_LIMIT_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (process.platform !== "win32" && (statSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700);
  } catch (error) {
    throw unusable(folder, error);
  }
}

function writeDurably(file: string, text: string): void {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unusable(file: string, cause?: unknown): AppError {
  const detail = `\`${file}\` cannot be used as a private file of this user, check its owner and rights`;
  return new AppError("config.invalid", cause === undefined ? { detail } : { detail, cause });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

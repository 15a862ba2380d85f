import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "@countersign/core";
import { LIMITS } from "@countersign/ledger";

/** Files of a log below one directory: each appears whole and durable, or not at all. */
export interface LogDirectory {
  readonly path: string;
  /** The content, or null when there is no such file. Throws on a file over `limitBytes`. */
  read(path: string, limitBytes?: number): Promise<Uint8Array | null>;
  has(path: string): Promise<boolean>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes a directory with what is in it, if it is there. */
  drop(path: string): Promise<void>;
}

const TEMPORARY = ".tmp";

/** Opens the directory, makes it if need be, and clears what a crash left half written. */
export async function openLogDirectory(path: string): Promise<LogDirectory> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await rm(join(path, TEMPORARY), { recursive: true, force: true });
  await mkdir(join(path, TEMPORARY), { mode: 0o700 });
  let temporaries = 0;
  /** Directories that are known to be on the disk. */
  const known = new Set<string>();
  return {
    path,
    read: (name, limitBytes = LIMITS.bundleBytes) => readFileOf(join(path, name), limitBytes),
    has: (name) => isFile(join(path, name)),
    async write(name, bytes) {
      const target = join(path, name);
      await makeDirectory(dirname(target), known);
      temporaries += 1;
      const temporary = join(path, TEMPORARY, String(temporaries));
      await writeSynced(temporary, bytes);
      await rename(temporary, target);
      await syncDirectory(dirname(target));
    },
    async drop(name) {
      known.delete(join(path, name));
      await rm(join(path, name), { recursive: true, force: true });
    },
  };
}

/** Reads files of a log that may belong to someone else: nothing is made or changed. */
export async function readFileOf(file: string, limitBytes: number): Promise<Uint8Array | null> {
  let handle;
  try {
    handle = await open(file, "r");
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    if (size > limitBytes)
      throw new AppError("ledger.damaged", {
        detail: `file \`${file}\` is larger than it can be; restore it from a copy`,
      });
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "w", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A new directory lasts only when its parent was synced too. */
async function makeDirectory(path: string, known: Set<string>): Promise<void> {
  if (known.has(path)) return;
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first !== undefined) {
    for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
  }
  known.add(path);
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

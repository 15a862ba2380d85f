import { constants } from "node:fs";
import { link, mkdir, open, readFile, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError, type Random } from "@countersign/core";
import { newKey } from "@countersign/credentials";

/** Most keys of one file: the one in use, the next one, and what an interrupted replacement left. */
const MOST_KEYS = 4;
const KEY_BYTES = 32;

/**
 * The keys that wrap all others. Their file lies outside the data directory (INV-9), so a copy of that directory alone opens nothing.
 * Made on first use, 0600; a file that others may read is refused. 32 bytes as base64url text, one key a line: while a master key is replaced
 * there are two. `isNew`: the installation has no keys yet; one that has any was made with a key that must be brought here.
 */
export async function loadMasterKeys(
  file: string,
  { random, isNew }: { readonly random: Random; readonly isNew: boolean },
): Promise<readonly Buffer[]> {
  for (;;) {
    const known = await readMasterKeys(file);
    if (known !== null) return known;
    if (!isNew)
      throw new AppError("data.damaged", {
        detail: `there is no master key at \`${file}\`; copy the one that this installation was made with to it, or name it in COUNTERSIGN_MASTER_KEY_FILE`,
      });
    await createKey(file, newKey(random));
  }
}

/** The keys in the file; null: there is none. @throws AppError `config.invalid` for a file that is not as it must be */
export async function readMasterKeys(file: string): Promise<readonly Buffer[] | null> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new AppError("config.invalid", {
      cause: error,
      detail: `the master key \`${file}\` cannot be read; make it a plain file of yours`,
    });
  }
  try {
    const stat = await handle.stat();
    if ((stat.mode & 0o077) !== 0) {
      throw new AppError("config.invalid", {
        detail: `others may read the master key \`${file}\`; run chmod 600 on it`,
      });
    }
    const lines = (await readFile(handle, "utf8")).split("\n").filter((line) => line.trim() !== "");
    const keys = lines.slice(0, MOST_KEYS + 1).map((line) => Buffer.from(line.trim(), "base64url"));
    if (keys.length === 0 || keys.length > MOST_KEYS || keys.some(({ length }) => length !== KEY_BYTES))
      throw new AppError("config.invalid", { detail: `\`${file}\` does not hold a master key of 32 bytes` });
    return keys;
  } finally {
    await handle.close();
  }
}

/** Puts a file with these keys in the place of the one that there is: whole and on disk, or not at all. */
export async function replaceMasterKeys(file: string, keys: readonly Buffer[]): Promise<void> {
  const draft = `${file}.${String(process.pid)}.next`;
  await unlink(draft).catch(() => undefined);
  await write(draft, keys);
  await rename(draft, file);
  const folder = await open(dirname(file), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Written whole under another name and then linked: two processes that start at once end with one key. */
async function createKey(file: string, key: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${String(process.pid)}`;
  await write(draft, [key]);
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
}

async function write(path: string, keys: readonly Buffer[]): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(keys.map((key) => `${key.toString("base64url")}\n`).join(""));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

import { constants } from "node:fs";
import { link, mkdir, open, readFile, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError, type Random } from "@countersign/core";
import { newKey } from "@countersign/credentials";

/**
 * The key that wraps all others. It lives outside the data directory (INV-9), so a copy of that directory alone opens nothing.
 * Made on first use, 0600; a file that others may read is refused. 32 bytes as base64url text. `isNew`: the installation has no keys yet;
 * one that has any was made with a key that must be brought here.
 */
export async function loadMasterKey(
  file: string,
  { random, isNew }: { readonly random: Random; readonly isNew: boolean },
): Promise<Buffer> {
  for (;;) {
    const known = await readKey(file);
    if (known !== null) return known;
    if (!isNew)
      throw new AppError("data.damaged", {
        detail: `there is no master key at \`${file}\`; copy the one that this installation was made with to it, or name it in COUNTERSIGN_MASTER_KEY_FILE`,
      });
    await createKey(file, newKey(random));
  }
}

async function readKey(file: string): Promise<Buffer | null> {
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
    const key = Buffer.from((await readFile(handle, "utf8")).trim(), "base64url");
    if (key.length !== 32)
      throw new AppError("config.invalid", { detail: `\`${file}\` does not hold a master key of 32 bytes` });
    return key;
  } finally {
    await handle.close();
  }
}

/** Written whole under another name and then linked: two processes that start at once end with one key. */
async function createKey(file: string, key: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${String(process.pid)}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(`${key.toString("base64url")}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
}

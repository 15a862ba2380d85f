import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type Random } from "@countersign/core";
import { lockDirectory } from "./store/index.ts";

const FILE = "place";
const NAME = /^[a-z0-9]{8}$/;
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

/** The data directory of one of several servers: what is of this server alone, while the state is in a database that they share. */
export interface Place {
  /** Tells this server from the others; the same after each restart. */
  readonly name: string;
  release(): void;
}

/**
 * Takes a data directory for this process, and makes it if it is not there.
 * @throws AppError `data.in_use` naming the process that has it, `data.damaged`
 */
export async function takePlace(dataDir: string, random: Random): Promise<Place> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(dataDir, process.pid);
  try {
    return { name: await nameOf(join(dataDir, FILE), random), release: () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function nameOf(file: string, random: Random): Promise<string> {
  const known = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (known !== null) {
    if (NAME.test(known.trim())) return known.trim();
    throw new AppError("data.damaged", {
      detail: `\`${file}\` does not hold the name of a server; remove it for a new one`,
    });
  }
  const name = Array.from(random(8), (byte) => LETTERS[byte % LETTERS.length]).join("");
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(`${name}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return name;
}

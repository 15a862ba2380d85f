import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { AppError, type Random } from "@countersign/core";
import { lockDirectory } from "./store/index.ts";

const FILE = "place";
const CONTENT = /^([a-z0-9]{8}) ([A-Za-z0-9_-]{16})(?: (\d{1,5}))?\n$/;
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

/** The data directory of one of several servers: what is of this server alone, while the state is in a database that they share. */
export interface Place {
  /** Tells this server from the others; the same after each restart. A directory that was copied or moved is another place. */
  readonly name: string;
  /** The port that it listened on before; null at its first start. */
  readonly port: number | null;
  keepPort(port: number): Promise<void>;
  release(): void;
}

/**
 * Takes a data directory for this process, and makes it if it is not there.
 * @throws AppError `data.in_use` naming the process that has it, `data.damaged`
 */
export async function takePlace(dataDir: string, random: Random): Promise<Place> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(dataDir, process.pid);
  const file = join(dataDir, FILE);
  try {
    // Whoever copies a directory must not be taken for the server that it was copied from: that one may still act.
    const mark = await markOf(dataDir);
    const known = await read(file);
    const { name, port } =
      known?.mark === mark ? known : await write(file, { name: newName(random), mark, port: known?.port ?? null });
    return {
      name,
      port,
      async keepPort(kept) {
        if (kept !== port) await write(file, { name, mark, port: kept });
      },
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Kept extends Pick<Place, "name" | "port"> {
  /** Of the directory that this was written in. */
  readonly mark: string;
}

async function markOf(dataDir: string): Promise<string> {
  const { ino } = await stat(dataDir, { bigint: true });
  return createHash("sha256")
    .update(`${hostname()}\n${String(ino)}`)
    .digest("base64url")
    .slice(0, 16);
}

async function read(file: string): Promise<Kept | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const [, name, mark, port] = CONTENT.exec(text) ?? [];
  if (name === undefined || mark === undefined)
    throw new AppError("data.damaged", {
      detail: `\`${file}\` does not hold the name of a server; remove it for a new one`,
    });
  return { name, mark, port: port === undefined ? null : Number(port) };
}

/** Whole or not at all. */
async function write(file: string, kept: Kept): Promise<Kept> {
  const draft = `${file}.tmp`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(`${kept.name} ${kept.mark}${kept.port === null ? "" : ` ${String(kept.port)}`}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  return kept;
}

function newName(random: Random): string {
  return Array.from(random(8), (byte) => LETTERS[byte % LETTERS.length]).join("");
}

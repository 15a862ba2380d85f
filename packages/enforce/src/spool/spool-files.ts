import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readFile, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, type Random } from "@countersign/core";
import { newKey } from "@countersign/credentials";
import { encodeBlock, readBlock } from "./block.ts";
import { isHash } from "./frame.ts";
import type { ChainPlace } from "./scan-segment.ts";

const SEGMENT = /^(\d{15})\.spool$/;
const DRAFT = ".new";
const FOLDER = "spool";
const KEY_FILE = "spool.key";
const MARK_FILE = "mark";

export interface SegmentFile {
  readonly path: string;
  readonly from: number;
}

/** The files of one spool, in a folder `spool` of the point's directory that only its owner can read, and the key beside that folder. */
export class SpoolFiles {
  readonly directory: string;
  private readonly keyFile: string;

  constructor(pointDirectory: string) {
    this.directory = join(pointDirectory, FOLDER);
    this.keyFile = join(pointDirectory, KEY_FILE);
  }

  /** Makes the folder. */
  async prepare(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(this.directory));
    if (((await stat(this.directory)).mode & 0o077) !== 0)
      throw new AppError("config.invalid", { detail: `others can reach \`${this.directory}\`; run chmod 700 on it` });
  }

  /** Drafts of segments that were never finished. */
  async removeDrafts(): Promise<void> {
    for (const name of await readdir(this.directory))
      if (name.endsWith(DRAFT)) await unlink(join(this.directory, name));
  }

  /** Oldest first. */
  async segments(): Promise<readonly SegmentFile[]> {
    const names = (await readdir(this.directory)).filter((name) => SEGMENT.test(name)).sort();
    return names.map((name) => ({ path: join(this.directory, name), from: Number(name.slice(0, 15)) }));
  }

  /** A new segment is whole and durable before it has its name. */
  async create(from: number, header: Buffer): Promise<{ readonly path: string; readonly handle: FileHandle }> {
    const path = join(this.directory, `${String(from).padStart(15, "0")}.spool`);
    const handle = await open(`${path}${DRAFT}`, "wx+", 0o600);
    try {
      await handle.write(header, 0, header.length, 0);
      await handle.sync();
      await rename(`${path}${DRAFT}`, path);
      await syncFolder(this.directory);
      return { path, handle };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async remove(path: string): Promise<void> {
    await unlink(path);
    await syncFolder(this.directory);
  }

  /** The last frame that was durable, as far as is known; null: nothing is. */
  async mark(): Promise<ChainPlace | null> {
    const bytes = await readOrNull(join(this.directory, MARK_FILE));
    if (bytes === null || bytes.every((byte) => byte === 0)) return null;
    const block = readBlock(bytes, 0);
    const [, seq = "", hash = ""] = block.ok ? (/^(\d{1,15}) (.*)$/.exec(block.body.toString()) ?? []) : [];
    if (!isHash(hash))
      throw new AppError("ledger.damaged", { detail: `\`${this.directory}/${MARK_FILE}\` is damaged` });
    return { seq: Number(seq), hash };
  }

  async openMark(): Promise<FileHandle> {
    return await open(join(this.directory, MARK_FILE), constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  /** The key under which disclosures are sealed: made on first use. Null: there is none and none may be made. */
  async key(random: Random, mayMake: boolean): Promise<Buffer | null> {
    const path = this.keyFile;
    const known = await readOrNull(path);
    if (known === null) return mayMake ? await this.makeKey(newKey(random)) : null;
    if (((await stat(path)).mode & 0o077) !== 0)
      throw new AppError("config.invalid", { detail: `others may read \`${path}\`; run chmod 600 on it` });
    const key = Buffer.from(known.toString().trim(), "base64url");
    if (key.length !== 32) throw new AppError("ledger.damaged", { detail: `\`${path}\` does not hold a key` });
    return key;
  }

  private async makeKey(key: Buffer): Promise<Buffer> {
    const path = this.keyFile;
    const handle = await open(`${path}${DRAFT}`, "w", 0o600);
    try {
      await handle.writeFile(`${key.toString("base64url")}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${path}${DRAFT}`, path);
    await syncFolder(dirname(path));
    return key;
  }
}

/** What stands in the mark, always as long. */
export function markBlock({ seq, hash }: ChainPlace): Buffer {
  return encodeBlock(`${String(seq).padStart(15, "0")} ${hash}`);
}

async function readOrNull(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Names are durable only when their folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

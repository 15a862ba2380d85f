import { createReadStream } from "node:fs";
import { join, resolve } from "node:path";
import { AppError } from "@countersign/core";
import type { ReadFile } from "@countersign/ledger";
import type { Client } from "../client/api.ts";

/** Where a log is read from: its files by path, and the key that it is to be verified under. */
export interface LogSource {
  readonly read: ReadFile;
  readonly vkey: () => Promise<string>;
  /** For people: a folder or an address. */
  readonly place: string;
}

const VKEY_BYTES = 4096;

/** A log as files, in the layout of `countersign ledger export`. */
export function folderSource(folder: string): LogSource {
  const root = resolve(folder);
  const read: ReadFile = async (path, limitBytes) => await readSome(join(root, path), limitBytes);
  return { read, place: root, vkey: async () => trimmed(await read("vkey", VKEY_BYTES), `\`${join(root, "vkey")}\``) };
}

/**
 * The log of a running control plane. Entries need the auditor's eye; everything else is public. All of it is read from one server, where one
 * is near: each of several publishes for itself.
 */
export async function runningSource(client: Client): Promise<LogSource> {
  const open = client.places.socketPath === null ? "anyone" : "near";
  const read: ReadFile = async (path, limitBytes) => {
    const as = path.startsWith("tile/entries/") ? "near" : open;
    try {
      return (await client.raw({ as, path: `/ledger/${path}`, limitBytes })).bytes;
    } catch (error) {
      if (error instanceof AppError && error.code === "request.not_found") return null;
      throw error;
    }
  };
  const place = `${await client.server()}/ledger`;
  return { read, place, vkey: async () => trimmed(await read("vkey", VKEY_BYTES), `\`${place}/vkey\``) };
}

function trimmed(bytes: Uint8Array | null, name: string): string {
  if (bytes === null)
    throw new AppError("request.not_found", {
      detail: `${name} is missing: without the log's key nothing can be verified`,
    });
  return Buffer.from(bytes).toString("utf8").trim();
}

/** One byte more than the limit at most: the verifier refuses what is longer. */
async function readSome(path: string, limitBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path, { end: limitBytes })) chunks.push(chunk as Buffer);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return null;
    throw error;
  }
  return Buffer.concat(chunks);
}

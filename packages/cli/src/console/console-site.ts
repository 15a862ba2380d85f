import { readFile, readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { ConsoleFile, ConsoleSource } from "@countersign/server";
import { type ConsoleBuild, buildConsole } from "./build-console.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
/** Already packed, or too small to gain. */
const PACKED_FROM_BYTES = 1024;
const packed = promisify(gzip);

/** The console of this process: read into memory once it is built, so that a request never touches a path. */
export interface ConsoleSite extends ConsoleSource {
  /** Resolves when it is ready, or has failed. */
  readonly settled: Promise<void>;
  /** Ends a build that runs. */
  close(): Promise<void>;
}

/**
 * The console as it is built; with `build`, built first in a process of its own if it is missing or older than its sources. Returns at
 * once: a start waits for nothing here.
 */
export function openConsole(folder: string, { build }: { readonly build: boolean }): ConsoleSite {
  let files: ReadonlyMap<string, ConsoleFile> | null = null;
  let failed: string | null = null;
  const building: ConsoleBuild | null = build ? buildConsole(folder) : null;
  const open = async (): Promise<void> => {
    try {
      await building?.done;
      files = await readFiles(join(folder, "dist"));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      failed = `${why}; run \`npm ci\`, then start again`;
    }
  };
  const settled = open();
  return {
    settled,
    state: () => (files === null ? { ready: false, failed } : { ready: true }),
    file: (path) => files?.get(path) ?? null,
    async close() {
      building?.stop();
      await settled;
    },
  };
}

async function readFiles(dist: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  const assets = await readdir(join(dist, "console"));
  const paths = ["index.html", ...assets.map((name) => `console/${name}`)];
  return new Map(await Promise.all(paths.map(async (path) => [path, await readOne(join(dist, path))] as const)));
}

async function readOne(path: string): Promise<ConsoleFile> {
  const bytes = await readFile(path);
  const text = extname(path) !== ".woff2" && bytes.length >= PACKED_FROM_BYTES;
  let small: Promise<Uint8Array> | null = null;
  const pack = async (): Promise<Uint8Array> => await (small ??= packed(bytes));
  return { type: TYPES[extname(path)] ?? "application/octet-stream", bytes, gzip: text ? pack : null };
}

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setPriority } from "node:os";
import { dirname, join } from "node:path";
import { sourcesDigest } from "./sources-digest.ts";

/** In `dist`: the digest of what it was built from. */
const BUILT_FROM = "built-from";
/** A build that takes longer has died with its process. */
const LOCK_MS = 120_000;
const LOOK_MS = 200;
const MOST_ERROR_CHARS = 400;

export interface ConsoleBuild {
  /** Resolves when `dist` fits its sources. Rejects with what the build said. */
  readonly done: Promise<void>;
  stop(): void;
}

/**
 * Builds the console if `dist` is missing or does not fit its sources. A published package has `dist` and no sources: nothing to do.
 * Several processes may ask at once: one builds, the others wait; `dist` appears whole.
 */
export function buildConsole(folder: string): ConsoleBuild {
  const stopping = new AbortController();
  return { done: build(folder, stopping.signal), stop: () => stopping.abort() };
}

async function build(folder: string, signal: AbortSignal): Promise<void> {
  if (!existsSync(join(folder, "index.html"))) return;
  const digest = await sourcesDigest(folder);
  const work = join(folder, "node_modules", ".console-build");
  await mkdir(work, { recursive: true });
  while (!(await fits(folder, digest)) && !signal.aborted) {
    const lock = join(work, "lock");
    if (await taken(lock)) {
      try {
        if (!(await fits(folder, digest))) await replaceDist(folder, { digest, work, signal });
        return;
      } finally {
        await rm(lock, { force: true });
      }
    }
    await pause(LOOK_MS, signal);
  }
}

async function fits(folder: string, digest: string): Promise<boolean> {
  return (await readFile(join(folder, "dist", BUILT_FROM), "utf8").catch(() => null)) === digest;
}

/** True when this process may build now. A lock that its owner left behind is removed. */
async function taken(lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx")).close();
    return true;
  } catch {
    const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > LOCK_MS) await rm(lock, { force: true });
    return false;
  }
}

interface Building {
  readonly digest: string;
  readonly work: string;
  readonly signal: AbortSignal;
}

async function replaceDist(folder: string, { digest, work, signal }: Building): Promise<void> {
  const [made, former] = ["new", "old"].map((name) => join(work, name)) as [string, string];
  await Promise.all([made, former].map(async (path) => await rm(path, { recursive: true, force: true })));
  await runVite(folder, made, signal);
  await writeFile(join(made, BUILT_FROM), digest);
  if (existsSync(join(folder, "dist"))) await rename(join(folder, "dist"), former);
  await rename(made, join(folder, "dist"));
  await rm(former, { recursive: true, force: true });
}

async function runVite(folder: string, outDir: string, signal: AbortSignal): Promise<void> {
  const vite = join(dirname(createRequire(join(folder, "package.json")).resolve("vite/package.json")), "bin/vite.js");
  const child = spawn(process.execPath, [vite, "build", "--outDir", outDir, "--emptyOutDir", "--logLevel", "warn"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    signal,
    env: { PATH: dirname(process.execPath), NODE_ENV: "production" },
  });
  gently(child);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(0, MOST_ERROR_CHARS);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  if (code !== 0) throw new Error(`the build of the console ended with ${String(code)}: ${said.trim()}`);
}

/** A build is in nobody's way: what governs agents comes first. */
function gently({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, 10);
  } catch {
    // Where the system does not allow it, or the process ended already, it runs as it is.
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

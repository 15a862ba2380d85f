import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join, relative } from "node:path";

/** What the console is built from: itself, and the packages whose code it takes in. */
const SOURCES = ["index.html", "vite.config.ts", "package.json", "src", "../core/src", "../api/src", "../ledger/src"];
const NOT_BUILT = /\.test\.tsx?$|\/testing\//;

/** base64url SHA-256 over names and contents of the console's sources. */
export async function sourcesDigest(folder: string): Promise<string> {
  const names = (await Promise.all(SOURCES.map(async (name) => await filesBelow(folder, name)))).flat();
  const sorted = names.filter((name) => !NOT_BUILT.test(name)).sort();
  const contents = await Promise.all(sorted.map(async (name) => await readFile(join(folder, name))));
  const digest = createHash("sha256");
  for (const [i, name] of sorted.entries()) {
    const bytes = contents[i] ?? Buffer.alloc(0);
    digest.update(`${name}\n${String(bytes.length)}\n`).update(bytes);
  }
  return digest.digest("base64url");
}

async function filesBelow(folder: string, name: string): Promise<readonly string[]> {
  try {
    const found = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
    return found.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return [name];
    throw error;
  }
}

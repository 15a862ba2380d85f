import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { run } from "./run-program.ts";

const RECORDER = new URL("./record-packages.ts", import.meta.url).href;

/**
 * Third-party packages that a fresh process loads when it imports the file `entry`: names, sorted, a name once for each
 * copy of it. Packages of this workspace do not count; what is imported later, on use, is not seen.
 */
export async function loadedPackages(entry: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-packages-"));
  const file = join(folder, "packages.json");
  const program = `await import(${JSON.stringify(pathToFileURL(entry).href)}); process.exit(0);`;
  try {
    const args = ["--import", RECORDER, "--input-type=module", "--eval", program];
    const ran = await run(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, COUNTERSIGN_PACKAGES_FILE: file },
    });
    if (ran.exitCode !== 0) throw new Error(`\`${entry}\` does not load: ${ran.stderr.trim()}`);
    const folders = JSON.parse(readFileSync(file, "utf8")) as readonly string[];
    return folders.map((path) => path.slice(path.lastIndexOf("/node_modules/") + "/node_modules/".length)).sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = await loadedPackages(resolve(process.argv[2] ?? "packages/gateway/src/index.ts"));
  process.stdout.write(`${names.join("\n")}\n${names.length} packages\n`);
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, readlink } from "node:fs/promises";
import type { Runtime } from "@countersign/core";

const EXECUTABLE_LIMIT_BYTES = 2 ** 30;

/**
 * What runs as process `pid`: path and SHA-256 (base64url) of its executable, and its user. Read from `/proc`, so null on other
 * systems, and for a process that ended, was replaced meanwhile, or belongs to somebody else. `proc` is another folder in tests.
 */
export async function readRuntime(pid: number, proc = "/proc"): Promise<Runtime | null> {
  const folder = `${proc}/${String(pid)}`;
  try {
    const before = await startTime(folder);
    const executable = await readlink(`${folder}/exe`);
    // Hashed through the process, not through the path: a file that was put in its place since is not what runs.
    const sha256 = await hashFile(`${folder}/exe`);
    const uid = realUser(await readFile(`${folder}/status`, "utf8"));
    const sameImage = (await readlink(`${folder}/exe`)) === executable;
    if (before === null || uid === null || !sameImage || (await startTime(folder)) !== before) return null;
    return { executable, sha256, pid, uid };
  } catch {
    return null;
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    sizeBytes += bytes.length;
    if (sizeBytes > EXECUTABLE_LIMIT_BYTES) throw new RangeError("executable too large");
    hash.update(bytes);
  }
  return hash.digest("base64url");
}

/** Field 22 of `/proc/PID/stat`: with the pid it names one process for as long as the machine runs. */
async function startTime(folder: string): Promise<string | null> {
  const text = await readFile(`${folder}/stat`, "utf8");
  // The name in parentheses may hold anything, also `)`.
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

function realUser(status: string): number | null {
  const found = /^Uid:\s+(\d+)/m.exec(status)?.[1];
  return found === undefined ? null : Number(found);
}

import { execFile } from "node:child_process";
import { access, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const FILE_LIMIT_BYTES = 256 * 1024;
const CHUNK_BYTES = 4096;
const COMMAND_LIMIT_MS = 5000;
const OUTPUT_LIMIT_BYTES = 1024 * 1024;

/** Where posture is read from. Null always means: cannot be told. Paths are absolute as on the machine itself. */
export interface Machine {
  readonly platform: string;
  /** Kernel release. */
  readonly release: string;
  readonly uid: number | null;
  read(path: string): Promise<Buffer | null>;
  list(path: string): Promise<readonly string[] | null>;
  exists(path: string): Promise<boolean | null>;
  /** Unix milliseconds of the last change. */
  modifiedAt(path: string): Promise<number | null>;
  /** Standard output of a program that ended with 0. */
  run(file: string, args: readonly string[]): Promise<string | null>;
}

export interface MachineOptions {
  readonly platform: string;
  readonly release: string;
  readonly uid: number | null;
  /** Home folder of the user whose settings count. */
  readonly home: string;
  /** Stands for `/`; a recorded tree in tests. */
  readonly root?: string;
  readonly run?: Machine["run"];
}

/** This machine. Programs run from their fixed path, without a shell, with an empty environment, for at most 5 seconds. */
export function openMachine(options: MachineOptions): Machine {
  const { platform, release, uid, home, root = "/" } = options;
  const at = (path: string): string => join(root, path);
  return {
    platform,
    release,
    uid,
    read: (path) => readStart(at(path)),
    list: (path) => readdir(at(path)).catch(() => null),
    exists: (path) => exists(at(path)),
    modifiedAt: (path) =>
      stat(at(path)).then(
        (facts) => facts.mtimeMs,
        () => null,
      ),
    run: options.run ?? ((file, args) => runProgram(file, args, home)),
  };
}

async function readStart(path: string): Promise<Buffer | null> {
  try {
    await using file = await open(path, "r");
    // Files of /proc and /sys do not tell their size, so they are read until they end.
    const chunks: Buffer[] = [];
    for (let sizeBytes = 0; sizeBytes < FILE_LIMIT_BYTES;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES);
      if (bytesRead === 0) return Buffer.concat(chunks);
      chunks.push(buffer.subarray(0, bytesRead));
      sizeBytes += bytesRead;
    }
    return null;
  } catch {
    return null;
  }
}

async function exists(path: string): Promise<boolean | null> {
  try {
    await access(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? false : null;
  }
}

function runProgram(file: string, args: readonly string[], home: string): Promise<string | null> {
  const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", HOME: home };
  const limits = { timeout: COMMAND_LIMIT_MS, maxBuffer: OUTPUT_LIMIT_BYTES, killSignal: "SIGKILL" } as const;
  return new Promise((resolve) => {
    execFile(file, [...args], { ...limits, env: environment, cwd: "/", shell: false }, (error, stdout) => {
      resolve(error === null ? stdout : null);
    });
  });
}

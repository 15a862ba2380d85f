import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where Debian's package `faketime` puts it, below the folder of the architecture. */
const LIBRARY = "faketime/libfaketime.so.1";

/** The library that gives a process a wall clock of its own; null: it is not installed. */
export function fakeTimeLibrary(): string | null {
  const folders = existsSync("/usr/lib") ? readdirSync("/usr/lib") : [];
  return folders.map((folder) => join("/usr/lib", folder, LIBRARY)).find((path) => existsSync(path)) ?? null;
}

/** The wall clock of one process, which can be set wrong while it runs. Its monotonic clock stays that of the machine. */
export class WallClock {
  readonly env: NodeJS.ProcessEnv;
  private readonly file: string;

  constructor(file: string, library: string) {
    this.file = file;
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      DONT_FAKE_MONOTONIC: "1",
      FAKETIME_CACHE_DURATION: "1",
    };
    this.set(0);
  }

  /** Seconds by which it is ahead of the machine's. */
  set(seconds: number): void {
    writeFileSync(this.file, `${seconds < 0 ? "" : "+"}${String(seconds)}s\n`);
  }
}

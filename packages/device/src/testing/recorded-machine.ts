import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openMachine } from "../machine.ts";
import type { Machine, MachineOptions } from "../machine.ts";

export interface Recording extends Partial<Omit<MachineOptions, "run" | "root">> {
  /** Content by absolute path; null makes an empty folder. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>;
  /** Output by command line. */
  readonly programs?: Readonly<Record<string, string>>;
}
export interface RecordedMachine extends Machine, Disposable {
  /** Where the recorded tree lies. */
  readonly root: string;
}

/** A machine as it was recorded: its files as a tree in a temporary folder, its programs as their outputs. */
export function recordedMachine({ files = {}, programs = {}, ...options }: Recording): RecordedMachine {
  const root = mkdtempSync(join(tmpdir(), "countersign-machine-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(content === null ? join(root, path) : dirname(join(root, path)), { recursive: true });
    if (content !== null) writeFileSync(join(root, path), content);
  }
  const run: Machine["run"] = (file, args) => Promise.resolve(programs[[file, ...args].join(" ")] ?? null);
  const machine = openMachine({
    platform: "linux",
    release: "6.1.0-30-amd64",
    uid: 1000,
    home: "/",
    ...options,
    root,
    run,
  });
  return { ...machine, root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

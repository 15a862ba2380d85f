import type { ParsedScript } from "unbash";
import type { Folders } from "./files.ts";
import type { Findings } from "./findings.ts";

/** What every part of the walk needs. */
export interface Walk {
  readonly home: string;
  /** The line may be run by a plain `sh`, which reads bash's own forms differently. */
  readonly isPlainShell: boolean;
  readonly depth: number;
  readonly findings: Findings;
  /** Judges a nested script, as in `$(…)`: it cannot change the folder of what follows. */
  readonly script: (script: ParsedScript, walk: Walk, folders: Folders) => void;
  /** Judges text that another shell runs (`sh -c`, `eval`). */
  readonly text: (text: string, walk: Walk, folders: Folders) => void;
}

/** Where the shell is after a part succeeded, and after it failed. */
export interface Outcome {
  readonly ok: Folders;
  readonly failed: Folders;
}

const MAX_FOLDERS = 8;

/** Both may be: more than a few are as good as not known. */
export function either(a: Folders, b: Folders): Folders {
  if (a === null || b === null) return null;
  const all = [...new Set([...a, ...b])];
  return all.length > MAX_FOLDERS ? null : all;
}

import { isDeepStrictEqual } from "node:util";
import { type Json, AppError } from "@countersign/core";
import { type ConfigText, type EditPlace, readConfig } from "./config-file.ts";
import { type Edit, type Path, isDone, pathText, valueAt } from "./edit.ts";
import { type EditRecord, type Step, backupOf, dropRecord, recordsOf } from "./record.ts";
import { digestOf, replaceFile } from "./replace-file.ts";
import { rewrite } from "./rewrite.ts";

/** What became of one file. */
export interface Undone {
  readonly path: string;
  /**
   * `restored` byte for byte; `merged`: somebody changed the file since, only our entries were taken back; `nothing` to do;
   * `failed`: `why` says what to do, file and backup are as they were.
   */
  readonly how: "restored" | "merged" | "nothing" | "failed";
  /** Entries that somebody changed since: they stay as they are. */
  readonly kept: readonly string[];
  readonly why?: string;
}

/** Takes back all that was written for this owner, or only in these files. Twice is harmless. */
export function undoEdits(place: EditPlace, paths?: readonly string[]): readonly Undone[] {
  const files = Map.groupBy(recordsOf(place), ({ file }) => file.path);
  return [...files].filter(([path]) => paths?.includes(path) !== false).map(([, records]) => undoFile(records, place));
}

function undoFile(records: readonly EditRecord[], place: EditPlace): Undone {
  const path = records[0]?.file.path ?? "";
  try {
    return takeBack(path, records, place);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { path, how: "failed", kept: [], why: error.message };
  }
}

function takeBack(path: string, records: readonly EditRecord[], place: EditPlace): Undone {
  const kept: string[] = [];
  const ways = new Set<Undone["how"]>();
  for (const record of records) {
    const now = readConfig(record.file, place);
    const { bytes, exact, left } = before(now, record);
    kept.push(...left);
    if (bytes === null ? now.bytes !== null : now.bytes?.equals(bytes) !== true) {
      replaceFile({ target: now.target, before: now.bytes, after: bytes });
      ways.add(exact ? "restored" : "merged");
    }
    dropRecord(record);
  }
  return { path, how: ways.has("merged") ? "merged" : ways.has("restored") ? "restored" : "nothing", kept };
}

interface Before {
  readonly bytes: Buffer | null;
  readonly exact: boolean;
  readonly left: readonly string[];
}

/** The file without what the record did to it. */
function before(now: ConfigText, record: EditRecord): Before {
  // A file that is gone stays gone.
  if (now.bytes === null) return { bytes: null, exact: true, left: [] };
  const digest = digestOf(now.bytes);
  if (digest === record.before) return { bytes: now.bytes, exact: true, left: [] };
  const backup = record.before === null ? null : backupOf(record);
  if (digest === record.after && (backup !== null || record.before === null)) {
    return { bytes: backup, exact: true, left: [] };
  }
  const { edits, left } = reversed(now.value, record.steps);
  const { text } = rewrite(record.file, now, edits);
  return { bytes: Buffer.from(now.mark + text), exact: false, left };
}

/** The edits that take the steps back, except those of groups in which somebody changed something since. */
function reversed(now: Json, steps: readonly Step[]): { edits: readonly Edit[]; left: readonly string[] } {
  const groups = Map.groupBy(steps, ({ edit }) => edit.group ?? pathText(edit.path));
  const edits: Edit[] = [];
  const left: string[] = [];
  for (const [name, group] of [...groups].toReversed()) {
    if (group.every(({ edit }) => isDone(now, edit)))
      edits.push(...group.toReversed().flatMap((s) => backwards(now, s)));
    else left.push(name);
  }
  return { edits: [...edits, ...emptied(now, steps, edits)], left };
}

function backwards(now: Json, { edit, was }: Step): readonly Edit[] {
  if (edit.kind !== "append") {
    return [was === undefined ? { kind: "remove", path: edit.path } : { kind: "set", path: edit.path, value: was }];
  }
  const list = valueAt(now, edit.path);
  const index = Array.isArray(list) ? list.findLastIndex((item) => isDeepStrictEqual(item, edit.value)) : -1;
  return index === -1 ? [] : [{ kind: "remove", path: [...edit.path, index] }];
}

/** What we made only to hold our entries goes when nothing else is in it: the innermost first. */
function emptied(now: Json, steps: readonly Step[], edits: readonly Edit[]): readonly Edit[] {
  const made = new Map<string, Path>();
  for (const { edit, had } of steps) {
    const deepest = edit.kind === "append" ? edit.path.length : edit.path.length - 1;
    for (let depth = deepest; depth > had; depth -= 1) {
      const path = edit.path.slice(0, depth);
      made.set(JSON.stringify(path), path);
    }
  }
  const gone: Edit[] = [];
  for (const path of [...made.values()].toSorted((a, b) => b.length - a.length)) {
    if (isEmptyAfter(now, path, [...edits, ...gone])) gone.push({ kind: "remove", path });
  }
  return gone;
}

function isEmptyAfter(now: Json, path: Path, edits: readonly Edit[]): boolean {
  const there = valueAt(now, path);
  if (typeof there !== "object" || there === null) return false;
  const inside = edits.filter(
    ({ kind, path: at }) =>
      kind === "remove" && at.length === path.length + 1 && path.every((step, i) => step === at[i]),
  );
  return Object.keys(there).length === inside.length;
}

import { isDeepStrictEqual } from "node:util";
import type { AppError, Json } from "@countersign/core";
import { type EditFile, refused } from "./config-file.ts";
import { type Edit, applyToValue, isDone, pathText } from "./edit.ts";
import { FORMATS } from "./formats.ts";

export interface Document {
  readonly text: string;
  readonly value: Json;
}
export interface Rewritten extends Document {
  /** Those that had something left to do. */
  readonly edits: readonly Edit[];
}

/**
 * Carries the edits out on the text. The new text parses and means what was wanted, no more: else it is never returned.
 * @throws AppError `config.invalid` when an edit does not fit what stands there
 */
export function rewrite(file: EditFile, document: Document, edits: readonly Edit[]): Rewritten {
  const steps = stepsOf(file, document.value, edits);
  const value = steps.at(-1)?.wanted ?? document.value;
  const text = atOnce(file, document.text, steps) ?? oneByOne(file, document.text, steps);
  return { text, value, edits: steps.map(({ edit }) => edit) };
}

/** An edit that has something left to do, and what the document means after it. */
interface Step {
  readonly edit: Edit;
  readonly wanted: Json;
}

function stepsOf(file: EditFile, value: Json, edits: readonly Edit[]): readonly Step[] {
  let now = value;
  return edits.flatMap((edit) => {
    if (isDone(now, edit)) return [];
    const applied = applyToValue(now, edit);
    if (!applied.ok) throw unfit(file, edit);
    now = applied.value;
    return [{ edit, wanted: now }];
  });
}

/** The best way of each edit, read back once at the end; null when that is not what is wanted. */
function atOnce(file: EditFile, text: string, steps: readonly Step[]): string | null {
  const last = steps.at(-1);
  if (last === undefined) return text;
  let now = text;
  for (const { edit } of steps) {
    const [best] = FORMATS[file.format].ways(now, edit);
    if (best === undefined) return null;
    now = best;
  }
  return means(file, now, last.wanted) ? now : null;
}

/** The first way of each edit that reads back as exactly what is wanted. */
function oneByOne(file: EditFile, text: string, steps: readonly Step[]): string {
  return steps.reduce((now, { edit, wanted }) => {
    const way = FORMATS[file.format].ways(now, edit).find((one) => means(file, one, wanted));
    if (way === undefined) throw unfit(file, edit);
    return way;
  }, text);
}

function means(file: EditFile, text: string, wanted: Json): boolean {
  const again = FORMATS[file.format].read(text);
  return again.ok && isDeepStrictEqual(again.value, wanted);
}

function unfit({ path }: EditFile, edit: Edit): AppError {
  return refused(`\`${path}\` cannot be changed at \`${pathText(edit.path)}\` without damage; change it by hand`);
}

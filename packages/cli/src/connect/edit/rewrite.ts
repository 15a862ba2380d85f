import { isDeepStrictEqual } from "node:util";
import type { Json } from "@countersign/core";
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
 * Carries the edits out on the text, one after another, each checked: the new text parses and means what was wanted, no more.
 * @throws AppError `config.invalid` when an edit does not fit what stands there
 */
export function rewrite(file: EditFile, document: Document, edits: readonly Edit[]): Rewritten {
  let { text, value } = document;
  const done: Edit[] = [];
  for (const edit of edits) {
    if (isDone(value, edit)) continue;
    const applied = applyToValue(value, edit);
    const next = applied.ok ? firstWay(file, { text, edit, wanted: applied.value }) : null;
    if (!applied.ok || next === null) {
      throw refused(
        `\`${file.path}\` cannot be changed at \`${pathText(edit.path)}\` without damage; change it by hand`,
      );
    }
    text = next;
    ({ value } = applied);
    done.push(edit);
  }
  return { text, value, edits: done };
}

interface Wanted {
  readonly text: string;
  readonly edit: Edit;
  readonly wanted: Json;
}

/** The first way of the format that reads back as exactly what is wanted; null when none does. */
function firstWay(file: EditFile, { text, edit, wanted }: Wanted): string | null {
  const { ways, read } = FORMATS[file.format];
  for (const way of ways(text, edit)) {
    const again = read(way);
    if (again.ok && isDeepStrictEqual(again.value, wanted)) return way;
  }
  return null;
}

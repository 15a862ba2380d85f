import { type ConfigText, type EditFile, type EditPlace, readConfig } from "./config-file.ts";
import type { Edit } from "./edit.ts";
import { keepRecord } from "./record.ts";
import { digestOf, replaceFile } from "./replace-file.ts";
import { rewrite } from "./rewrite.ts";

/** What would be written, checked: it parses, and only what the edits name differs. */
export interface EditPlan {
  readonly place: EditPlace;
  readonly before: ConfigText;
  /** Those that had something left to do. */
  readonly edits: readonly Edit[];
  /** Without the byte order mark. */
  readonly after: string;
  readonly changed: boolean;
}

/**
 * Works out the new text of a file; writes nothing.
 * @throws AppError `config.invalid`: the file cannot be read (see {@link readConfig}), or an edit does not fit what stands in it.
 */
export function planEdits(file: EditFile, edits: readonly Edit[], place: EditPlace): EditPlan {
  const before = readConfig(file, place);
  const after = rewrite(file, before, edits);
  return { place, before, edits: after.edits, after: after.text, changed: after.edits.length > 0 };
}

/**
 * Writes them all or, as far as this machine lets us, none: when one fails, those before it are put back. A backup of each
 * is kept before its file is touched. At most one plan a file.
 * @throws AppError `config.invalid` of the file that could not be written
 */
export function writePlans(plans: readonly EditPlan[]): void {
  const undo: (() => void)[] = [];
  try {
    for (const plan of plans) if (plan.changed) undo.push(writeOne(plan));
  } catch (error) {
    for (const putBack of undo.toReversed()) putBack();
    throw error;
  }
}

/** What it returns puts the old file back. */
function writeOne(plan: EditPlan): () => void {
  const { target, bytes } = plan.before;
  const after = Buffer.from(plan.before.mark + plan.after);
  const discard = keepRecord(plan, digestOf(after));
  try {
    replaceFile({ target, before: bytes, after });
  } catch (error) {
    discard();
    throw error;
  }
  return () => {
    replaceFile({ target, before: after, after: bytes });
    discard();
  };
}

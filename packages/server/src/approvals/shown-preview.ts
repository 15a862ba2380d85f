import type { ShownEffect, ShownPreview } from "@countersign/api";
import type { Preview, RelationEffect } from "@countersign/core";

const DONE: Readonly<Record<RelationEffect["operation"], string>> = {
  insert: "inserted",
  update: "changed",
  delete: "deleted",
  truncate: "would be emptied out",
  drop: "would be lost with what is dropped",
  change: "are in what is changed",
};

/** A preview in words and tables: what the page shows, and what its digest is made of. */
export function shownPreview(preview: Preview): ShownPreview {
  if (preview.kind === "unknown") return { sentence: `Effect unknown: ${preview.reason}.`, relations: [] };
  const sentence =
    preview.kind === "measured"
      ? "It was run once and rolled back. Approved, it is kept only if it does exactly this."
      : "It was not run. These rows were counted, and may be others when it runs.";
  const none = preview.relations.length === 0 ? " No row is touched." : "";
  return { sentence: sentence + none, relations: preview.relations.map(shownEffect) };
}

function shownEffect(effect: RelationEffect): ShownEffect {
  const { relation, digest, filledAtCommit, unseen, columns, sample } = effect;
  const rows = sample.flatMap(({ before, after }) => [
    ...(before === null ? [] : [{ when: "before" as const, values: before }]),
    ...(after === null ? [] : [{ when: "after" as const, values: after }]),
  ]);
  return {
    relation,
    effect: doneWords(effect),
    keys: shownKeys(effect),
    digest,
    filledAtCommit: filledAtCommit.join(", "),
    unseen: unseen ?? "",
    columns,
    rows,
  };
}

function doneWords({ operation, count }: RelationEffect): string {
  if (operation === "drop" && count === 0) return "falls with what is dropped";
  return `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"} ${DONE[operation]}`;
}

function shownKeys({ keyColumns, keys, count }: RelationEffect): string {
  if (keyColumns.length === 0) return "";
  const more = count > keys.length ? ` and ${(count - keys.length).toLocaleString("en")} more` : "";
  return `${keyColumns.join(", ")}: ${keys.join(" ")}${more}`;
}

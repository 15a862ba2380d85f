import type { DroppedKind, RelationFacts } from "../judge/catalogue.ts";
import { type Rows, oid, text } from "./rows.ts";

const CLASSES: Readonly<Record<DroppedKind, string>> = {
  relation: "pg_class",
  function: "pg_proc",
  type: "pg_type",
  schema: "pg_namespace",
};

/** What goes with a dropped object: the closure over `pg_depend`, told by its relations. */
export function droppedWith(
  rows: Rows,
  relations: ReadonlyMap<number, RelationFacts>,
): (kind: DroppedKind, wanted: number) => readonly number[] {
  const links = new Map<string, { readonly node: string; readonly owner: number }[]>();
  for (const row of rows["dependencies"] ?? []) {
    const [node, other] = [nodeOf(row["class"], row["object"]), nodeOf(row["other_class"], row["other"])];
    const list = links.get(other) ?? [];
    list.push({ node, owner: oid(row["owner"]) });
    links.set(other, list);
  }
  return (kind, wanted) => {
    const seen = new Set([`${CLASSES[kind]} ${String(wanted)}`]);
    const found = new Set<number>();
    for (const at of seen) {
      for (const { node, owner } of links.get(at) ?? []) {
        seen.add(node);
        const relation = relations.get(node.startsWith("pg_class ") ? Number(node.slice("pg_class ".length)) : owner);
        if (relation === undefined) continue;
        // An index is told by its table.
        for (const own of relation.kind === "i" ? relation.parents : [relation.oid]) found.add(own);
        // A view goes with its rule; what goes of a table is a part.
        if (relation.kind === "v" || relation.kind === "m") seen.add(`pg_class ${String(relation.oid)}`);
      }
    }
    found.delete(wanted);
    return [...found].toSorted((a, b) => a - b);
  };
}

function nodeOf(table: unknown, object: unknown): string {
  return `${text(table).replace(/^pg_catalog\./, "")} ${text(object)}`;
}

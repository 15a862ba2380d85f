import type { KeyFacts, RelationFacts } from "./catalogue.ts";
import type { Deed } from "./deed.ts";
import type { Scope } from "./scope.ts";

/** A row that is written with a foreign key looks its key up, and holds it. */
export function readKeys(scope: Scope, relation: RelationFacts, { operation, columns }: Deed): void {
  for (const key of relation.references) {
    if (operation === "update" && !concerns(relation, key, columns)) continue;
    const other = scope.catalogue.relationByOid(key.other);
    if (other !== undefined) scope.judge.touch(scope, other, { operation: "select", direct: false, columns: null });
  }
}

/** What a key's action does to the relations that refer to this one. */
export function writeKeys(scope: Scope, relation: RelationFacts, { operation, columns }: Deed): void {
  if (operation !== "delete" && operation !== "update") return;
  for (const key of relation.referencedBy) {
    if (operation === "update" && !concerns(relation, key, columns)) continue;
    const other = scope.catalogue.relationByOid(key.other);
    if (other === undefined) scope.found.doubt("a key refers to a relation that is not known");
    else scope.judge.touch(scope, other, deedOf(operation === "delete" ? key.onDelete : key.onUpdate, operation));
  }
}

function deedOf(action: string, operation: "delete" | "update"): Deed {
  const deed = { direct: false, columns: null, withoutRules: true } as const;
  if (action === "c") return { ...deed, operation };
  // The columns that it sets are not named here, so all may be.
  if (action === "n" || action === "d") return { ...deed, operation: "update" };
  return { ...deed, operation: "select" };
}

/** An UPDATE that leaves the key's columns alone does not set the key off, unless a trigger changes the row on its way. */
function concerns(relation: RelationFacts, key: KeyFacts, columns: ReadonlySet<string> | null): boolean {
  if (columns === null || relation.triggers.some(({ type }) => (type & BEFORE_UPDATE) === BEFORE_UPDATE)) return true;
  return key.columns.some((column) => columns.has(column));
}

const BEFORE_UPDATE = 2 | 16;

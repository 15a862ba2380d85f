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
    else scope.judge.touch(scope, other, deedOf(key, operation));
  }
}

function deedOf({ onDelete, onUpdate, otherColumns }: KeyFacts, operation: "delete" | "update"): Deed {
  const action = operation === "delete" ? onDelete : onUpdate;
  const deed = { direct: false, columns: new Set(otherColumns), withoutRules: true } as const;
  if (action === "c") return operation === "delete" ? { ...deed, operation, columns: null } : { ...deed, operation };
  if (action === "n") return { ...deed, operation: "update" };
  if (action === "d") return { ...deed, operation: "update", defaulted: deed.columns };
  return { ...deed, operation: "select", columns: null };
}

/** An UPDATE that leaves the key's columns alone does not set the key off, unless a trigger changes the row on its way. */
function concerns(relation: RelationFacts, key: KeyFacts, columns: ReadonlySet<string> | null): boolean {
  if (columns === null || relation.triggers.some(({ type }) => (type & BEFORE_UPDATE) === BEFORE_UPDATE)) return true;
  return key.columns.some((column) => columns.has(column));
}

const BEFORE_UPDATE = 2 | 16;

import { walkExpression } from "./definitions.ts";
import { resolveType } from "./resolve.ts";
import { type Scope, callOid, first } from "./scope.ts";
import { type Tree, type Value, names, node } from "./tree.ts";

/** A type that the statement names: its values are made, so its checks run. `argument` is what is cast to it. */
export function meetTypeName(scope: Scope, content: Tree, argument: Value): void {
  const parts = names(content["names"]);
  if (parts.length === 0 || content["pct_type"] === true) return;
  const type = resolveType(scope, parts);
  if (type !== undefined) meetType(scope, type.oid, true);
  else if (!KEYWORD_TYPES.has(parts.join(".")))
    scope.found.doubt(`there is no type \`${parts.join(".")}\` that is known`);
  // A constant is read by the type itself, a row goes by its columns.
  const cast =
    argument !== undefined && node(argument, "A_Const") === undefined && node(argument, "RowExpr") === undefined;
  if (cast && type !== undefined) scope.found.castTo.add(type.oid);
}

/** A type whose values are met; `made`: they are made here, so that domains are checked. */
export function meetType(scope: Scope, oid: number, made: boolean): void {
  const { catalogue, found } = scope;
  found.types.add(oid);
  const type = catalogue.typeByOid(oid);
  if (type === undefined || !scope.runs || !first(scope, `type ${String(oid)} ${made ? "made" : "met"}`)) return;
  for (const called of type.functions) callOid(scope, called);
  for (const check of made ? type.checks : []) walkExpression(scope, check);
  if (type.base !== 0) meetType(scope, type.base, made);
  const row = catalogue.relationByOid(type.relation);
  for (const column of row?.columns ?? []) meetType(scope, column.type, made);
}

/** Names that the grammar makes for types without an entry of that name. */
const KEYWORD_TYPES: ReadonlySet<string> = new Set(["any", "pg_catalog.any"]);

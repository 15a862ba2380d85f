import { type Tree, type Value, node } from "./tree.ts";

/** Every relation of FROM, those of subqueries included: FOR UPDATE locks them too. */
export function rangesOf(value: Value): readonly Tree[] {
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap(rangesOf);
  const range = node(value, "RangeVar");
  if (range !== undefined) return [range];
  const join = node(value, "JoinExpr");
  if (join !== undefined) return [...rangesOf(join["larg"]), ...rangesOf(join["rarg"])];
  const select = node(node(value, "RangeSubselect")?.["subquery"], "SelectStmt");
  return select === undefined ? [] : rangesOf(select["fromClause"]);
}

import type { RelationFacts } from "./catalogue.ts";
import type { Deed } from "./deed.ts";
import { resolveRelation } from "./resolve.ts";
import { rangesOf } from "./ranges.ts";
import type { Scope } from "./scope.ts";
import { type Tree, type Value, isTree, list, node, tree, word } from "./tree.ts";
import { unresolved } from "./walk.ts";

/** SELECT, VALUES, TABLE, with what they lock and where INTO puts their rows. */
export function judgeSelect(scope: Scope, content: Tree): void {
  const inside = withQueries(scope, content["withClause"]);
  const { withClause: _, lockingClause, intoClause, fromClause, ...rest } = content;
  // FROM first: what follows names its aliases.
  inside.judge.walk(inside, fromClause);
  inside.judge.walk(inside, rest);
  if (lockingClause !== undefined) lock(inside, content);
  if (isTree(intoClause)) scope.judge.statement(scope, { IntoClause: intoClause });
}

/** FOR UPDATE and its kin hold rows against everybody else, need the right to write them, and are refused in a read-only transaction. */
function lock(scope: Scope, content: Tree): void {
  const clauses = list(content["lockingClause"]).map((value) => tree(node(value, "LockingClause")));
  const named = clauses.every((clause) => clause["lockedRels"] !== undefined)
    ? new Set(
        clauses.flatMap((clause) =>
          list(clause["lockedRels"]).map((value) => word(node(value, "RangeVar")?.["relname"])),
        ),
      )
    : null;
  for (const range of rangesOf(content["fromClause"])) {
    const alias = word(tree(range["alias"])["aliasname"]) || word(range["relname"]);
    if (named !== null && !named.has(alias)) continue;
    const relation = target(scope, range, true);
    if (relation !== null)
      scope.judge.touch(scope, relation, {
        operation: "lock",
        direct: scope.direct,
        only: range["inh"] !== true,
        columns: null,
      });
  }
}

export function judgeInsert(scope: Scope, content: Tree): void {
  const inside = withQueries(scope, content["withClause"]);
  const relation = target(inside, tree(content["relation"]), false);
  const given = list(content["cols"]).map((value) => word(node(value, "ResTarget")?.["name"]));
  const conflict = tree(content["onConflictClause"]);
  const updates = word(conflict["action"]) === "ONCONFLICT_UPDATE";
  if (relation !== null) {
    const deed = { direct: scope.direct, columns: columnsGiven(relation, given, content) } as const;
    inside.judge.touch(inside, relation, { ...deed, operation: "insert" });
    if (updates) inside.judge.touch(inside, relation, { ...deed, operation: "update", ...columnsSet(conflict) });
    if (content["onConflictClause"] !== undefined || content["returningClause"] !== undefined) reads(inside, relation);
  }
  inside.judge.walk(inside, content["selectStmt"]);
  inside.judge.walk(inside, [content["cols"], conflict, content["returningClause"]]);
}

/** Columns that get a value of the statement; null: it can't be said. One that is DEFAULT in any row gets its default. */
function columnsGiven(relation: RelationFacts, given: readonly string[], content: Tree): ReadonlySet<string> | null {
  if (word(content["override"]) === "OVERRIDING_USER_VALUE") return new Set();
  const select = content["selectStmt"];
  if (select === undefined) return new Set();
  const rows = list(node(select, "SelectStmt")?.["valuesLists"]).map((row) => list(node(row, "List")?.["items"]));
  // Without a list the values fill the columns from the left.
  const listed = given.length > 0 ? given : relation.columns.map(({ name }) => name);
  if (rows.length === 0) return given.length > 0 ? new Set(given) : null;
  const filled = listed.slice(0, rows[0]?.length ?? 0);
  return new Set(filled.filter((_, at) => rows.every((row) => node(row[at], "SetToDefault") === undefined)));
}

function columnsSet(content: Tree): Pick<Deed, "columns" | "defaulted"> {
  const targets = list(content["targetList"]).map((value) => tree(node(value, "ResTarget")));
  const defaulted = targets.filter(({ val }) => JSON.stringify(val ?? null).includes('"SetToDefault"'));
  return {
    columns: new Set(targets.map(({ name }) => word(name))),
    defaulted: new Set(defaulted.map(({ name }) => word(name))),
  };
}

export function judgeUpdate(scope: Scope, content: Tree): void {
  const inside = withQueries(scope, content["withClause"]);
  const range = tree(content["relation"]);
  const relation = target(inside, range, false);
  const unqualified = isUnqualified(content["whereClause"]);
  if (relation !== null) {
    inside.judge.touch(inside, relation, {
      operation: "update",
      direct: scope.direct,
      only: range["inh"] !== true,
      unqualified,
      ...columnsSet(content),
    });
    if (unqualified && inside.runs) inside.found.effect("destructive");
    if (looks(content)) reads(inside, relation, range["inh"] !== true);
  }
  rest(inside, content);
}

export function judgeDelete(scope: Scope, content: Tree): void {
  const inside = withQueries(scope, content["withClause"]);
  const range = tree(content["relation"]);
  const relation = target(inside, range, false);
  const unqualified = isUnqualified(content["whereClause"]);
  if (relation !== null) {
    inside.judge.touch(inside, relation, {
      operation: "delete",
      direct: scope.direct,
      only: range["inh"] !== true,
      unqualified,
      columns: null,
    });
    if (looks(content)) reads(inside, relation, range["inh"] !== true);
  }
  rest(inside, content);
}

export function judgeMerge(scope: Scope, content: Tree): void {
  const inside = withQueries(scope, content["withClause"]);
  const range = tree(content["relation"]);
  const relation = target(inside, range, false);
  if (relation !== null) reads(inside, relation, range["inh"] !== true);
  for (const value of list(content["mergeWhenClauses"])) {
    const clause = tree(node(value, "MergeWhenClause"));
    const kind = word(clause["commandType"]);
    if (relation === null || kind === "CMD_NOTHING") continue;
    const set = columnsSet(clause);
    const only = range["inh"] !== true;
    if (kind === "CMD_INSERT")
      inside.judge.touch(inside, relation, {
        operation: "insert",
        direct: scope.direct,
        columns: clause["values"] === undefined ? new Set() : set.columns,
      });
    else if (kind === "CMD_UPDATE")
      inside.judge.touch(inside, relation, { operation: "update", direct: scope.direct, only, ...set });
    else inside.judge.touch(inside, relation, { operation: "delete", direct: scope.direct, only, columns: null });
  }
  inside.judge.walk(inside, [
    content["sourceRelation"],
    content["joinCondition"],
    content["mergeWhenClauses"],
    content["returningClause"],
  ]);
}

function rest(scope: Scope, content: Tree): void {
  scope.judge.walk(scope, [content["fromClause"], content["usingClause"]]);
  scope.judge.walk(scope, [content["targetList"], content["whereClause"], content["returningClause"]]);
}

/** Whether the rows it changes are also looked at: PostgreSQL asks for the right to read them then. */
function looks(content: Tree): boolean {
  return (
    content["returningClause"] !== undefined ||
    /"ColumnRef"|"CurrentOfExpr"/.test(JSON.stringify([content["whereClause"] ?? null, content["targetList"] ?? null]))
  );
}

/** No condition, or one that names no column and so takes all rows or none. */
function isUnqualified(where: Value): boolean {
  return where === undefined || !/"ColumnRef"|"CurrentOfExpr"/.test(JSON.stringify(where));
}

function reads(scope: Scope, relation: RelationFacts, only = false): void {
  scope.judge.touch(scope, relation, { operation: "select", direct: scope.direct, only, columns: null });
}

/** The relation that a statement names as its target: never a WITH query. */
export function target(scope: Scope, range: Tree, quiet: boolean): RelationFacts | null {
  const [schema, name] = [word(range["schemaname"]), word(range["relname"])];
  if (quiet && schema === "" && scope.ctes.has(name)) return null;
  const resolved = resolveRelation(scope, schema, name);
  if (resolved.is !== "relation") {
    unresolved(scope, { schema, name }, resolved);
    return null;
  }
  scope.aliases.set(word(tree(range["alias"])["aliasname"]) || name, resolved.relation);
  return resolved.relation;
}

/** Judges the queries of WITH; the scope in which their names are known. */
function withQueries(scope: Scope, value: Value): Scope {
  if (!isTree(value)) return scope;
  const queries = list(value["ctes"]).map((query) => tree(node(query, "CommonTableExpr")));
  const recursive = value["recursive"] === true;
  let ctes = new Set(recursive ? [...scope.ctes, ...queries.map((query) => word(query["ctename"]))] : scope.ctes);
  for (const query of queries) {
    const inside = { ...scope, ctes };
    scope.judge.walk(inside, [query["ctequery"], query["search_clause"], query["cycle_clause"]]);
    ctes = new Set([...ctes, word(query["ctename"])]);
  }
  return { ...scope, ctes };
}

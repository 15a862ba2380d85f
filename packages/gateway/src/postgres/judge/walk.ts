import { callByName, operator, projection } from "./names-called.ts";
import { meetTypeName } from "./types-met.ts";
import { resolveRelation } from "./resolve.ts";
import type { Scope } from "./scope.ts";
import { type Tree, type Value, isTree, list, names, node, tree, word } from "./tree.ts";

/** Deeper than the parser lets a tree be; a second bound for what the catalogue holds. */
const DEPTH_MAX = 60;

/** Notes what an expression or a part of a query does. Every node of the grammar is either named in `NODES` or does what its parts do. */
export function walk(scope: Scope, value: Value): void {
  if (Array.isArray(value)) {
    for (const part of value as readonly Value[]) walk(scope, part);
    return;
  }
  if (!isTree(value)) return;
  if (scope.depth > DEPTH_MAX) {
    scope.found.doubt("views and functions are nested too deep");
    return;
  }
  for (const [name, part] of Object.entries(value)) {
    if (!isTree(part)) {
      if (Array.isArray(part)) walk(scope, part);
      continue;
    }
    const rule = Object.hasOwn(NODES, name) ? NODES[name] : undefined;
    if (rule === undefined) walk(scope, part);
    else rule(scope, part);
  }
}

type Rule = (scope: Scope, content: Tree) => void;

const query =
  (kind: string): Rule =>
  (scope, content) => {
    scope.judge.statement(scope, { [kind]: content });
  };

/** Nodes that mean more than their parts, among them fields that the parser gives without a name of their own. */
const NODES: Readonly<Record<string, Rule>> = {
  SelectStmt: query("SelectStmt"),
  larg: query("SelectStmt"),
  rarg: query("SelectStmt"),
  InsertStmt: query("InsertStmt"),
  UpdateStmt: query("UpdateStmt"),
  DeleteStmt: query("DeleteStmt"),
  MergeStmt: query("MergeStmt"),
  RangeVar: (scope, content) => readRelation(scope, content),
  RangeSubselect: derived,
  RangeFunction: derived,
  RangeTableFunc: derived,
  JsonTable: derived,
  FuncCall: (scope, content) => callByName(scope, content),
  A_Expr: (scope, content) => {
    for (const name of operatorsOf(content)) operator(scope, name);
    walk(scope, [content["lexpr"], content["rexpr"]]);
  },
  SubLink: (scope, content) => {
    const name = names(content["operName"]);
    if (content["testexpr"] !== undefined) operator(scope, name.length > 0 ? name : ["="]);
    walk(scope, [content["testexpr"], content["subselect"]]);
  },
  CaseExpr: (scope, content) => {
    if (content["arg"] !== undefined) operator(scope, ["="]);
    walk(scope, [content["arg"], content["args"], content["defresult"]]);
  },
  JoinExpr: (scope, content) => {
    if (content["usingClause"] !== undefined || content["isNatural"] === true) operator(scope, ["="]);
    derived(scope, {
      larg: [content["larg"]],
      rarg: [content["rarg"]],
      quals: content["quals"],
      alias: content["alias"],
    });
  },
  SortBy: (scope, content) => {
    const name = names(content["useOp"]);
    if (name.length > 0) operator(scope, name);
    walk(scope, content["node"]);
  },
  ColumnRef: (scope, content) => {
    const parts = names(content["fields"]);
    if (parts.length > 1) projection(scope, { name: parts.at(-1) ?? "", alias: parts.at(-2) ?? "" });
  },
  A_Indirection: (scope, content) => {
    for (const part of list(content["indirection"])) {
      const name = node(part, "String");
      if (name !== undefined) projection(scope, { name: word(name["sval"]), alias: null });
      else walk(scope, part);
    }
    walk(scope, content["arg"]);
  },
  TypeCast: (scope, content) => {
    meetTypeName(scope, tree(content["typeName"]), content["arg"]);
    walk(scope, content["arg"]);
  },
  typeName: (scope, content) => meetTypeName(scope, content, undefined),
  TypeName: (scope, content) => meetTypeName(scope, content, undefined),
  CurrentOfExpr: (scope) => {
    scope.found.ofSession = true;
  },
};

/** Something in FROM that is no relation: its name stands for no columns that are known. */
function derived(scope: Scope, content: Tree): void {
  const alias = word(tree(content["alias"])["aliasname"]);
  if (alias !== "") scope.aliases.set(alias, null);
  walk(scope, Object.values(content));
}

function operatorsOf(content: Tree): readonly (readonly string[])[] {
  const kind = word(content["kind"]);
  if (kind.includes("BETWEEN")) return [["<"], [">"], ["<="], [">="]];
  return [names(content["name"])];
}

/** A relation in FROM: read, unless it is the name of a WITH query. */
function readRelation(scope: Scope, content: Tree): void {
  const [schema, name] = [word(content["schemaname"]), word(content["relname"])];
  const alias = word(tree(content["alias"])["aliasname"]) || name;
  if (schema === "" && scope.ctes.has(name)) {
    scope.aliases.set(alias, null);
    return;
  }
  const resolved = resolveRelation(scope, schema, name);
  if (resolved.is === "relation") {
    const { relation } = resolved;
    // Columns that got other names here are none of the relation's.
    if (tree(content["alias"])["colnames"] !== undefined) scope.aliases.set(alias, null);
    scope.aliases.set(alias, scope.aliases.has(alias) && scope.aliases.get(alias) !== relation ? null : relation);
    scope.judge.touch(scope, relation, {
      operation: "select",
      direct: scope.direct,
      only: content["inh"] !== true,
      columns: null,
    });
  } else unresolved(scope, { schema, name }, resolved);
}

/** Notes a relation that the catalogue does not have: it may be there by the time that the statement runs. */
export function unresolved(
  scope: Scope,
  { schema, name }: { readonly schema: string; readonly name: string },
  resolved: { readonly is: "missing" } | { readonly is: "unsure"; readonly reason: string },
): void {
  if (resolved.is === "unsure") scope.found.doubt(resolved.reason);
  else {
    const missing = schema === "" ? name : `${schema}.${name}`;
    scope.found.missing.add(missing);
    scope.found.doubt(`there is no relation \`${missing}\` that is known`);
  }
}

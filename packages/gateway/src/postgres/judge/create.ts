import { noteDdl } from "./ddl-noted.ts";
import { qualified } from "./names.ts";
import { target } from "./query.ts";
import { resolveRelation } from "./resolve.ts";
import type { Scope } from "./scope.ts";
import { type Tree, type Value, isTree, list, names, node, tagged, tree, word } from "./tree.ts";

/** CREATE of everything. False: it is none of it. */
export function create(scope: Scope, kind: string, content: Tree): boolean {
  const rule = Object.hasOwn(RULES, kind) ? RULES[kind] : undefined;
  if (rule === undefined) {
    if (!ENTRIES.has(kind)) return false;
    scope.found.effect("write");
    noteDdl(scope);
    return true;
  }
  rule(scope, content);
  return true;
}

/** They make an entry of the catalogue that runs nothing until it is used. */
const ENTRIES: ReadonlySet<string> = new Set([
  "CreateFunctionStmt",
  "CreateDomainStmt",
  "CreateEnumStmt",
  "CompositeTypeStmt",
  "CreateRangeStmt",
  "DefineStmt",
  "CreateCastStmt",
  "CreateConversionStmt",
  "CreateTransformStmt",
  "CreateOpClassStmt",
  "CreateOpFamilyStmt",
  "CreateEventTrigStmt",
]);

const onRelation =
  (...fields: readonly string[]) =>
  (scope: Scope, content: Tree): void => {
    scope.found.effect("write");
    for (const field of fields) {
      for (const value of Array.isArray(content[field]) ? list(content[field]) : [content[field]])
        alters(scope, node(value, "RangeVar") ?? tree(value), "");
    }
    noteDdl(scope);
  };

const RULES: Readonly<Record<string, (scope: Scope, content: Tree) => void>> = {
  CreateStmt: createTable,
  CreateForeignTableStmt: (scope, content) => createTable(scope, tree(content["base"] ?? content["base_stmt"])),
  CreateTableAsStmt: createAs,
  IntoClause: (scope, content) => createInto(scope, content),
  ViewStmt: createView,
  IndexStmt: createIndex,
  CreateSeqStmt: (scope, content) => creates(scope, tree(content["sequence"])),
  CreateSchemaStmt: createSchema,
  CreateTrigStmt: onRelation("relation", "constrrel"),
  RuleStmt: (scope, content) => {
    // What a rule does is kept, not done.
    for (const action of list(content["actions"])) scope.judge.statement({ ...scope, runs: false }, action);
    onRelation("relation")(scope, content);
  },
  CreatePolicyStmt: onRelation("table"),
  CreateStatsStmt: onRelation("relations"),
  CreatePublicationStmt: (scope, content) => {
    scope.found.effect("external");
    const tables = list(content["pubobjects"]).map((value) => tree(node(value, "PublicationObjSpec"))["pubtable"]);
    onRelation("tables")(scope, { tables: tables.map((value) => tree(value)["relation"] ?? {}) });
  },
};

/** Notes a relation of a new name in the schema where it is made. */
function creates(scope: Scope, range: Tree, replaced = false): void {
  const name = word(range["relname"]);
  const temporary = word(range["relpersistence"]) === "t";
  const schema = word(range["schemaname"]) || (temporary ? "pg_temp" : (scope.path?.[0] ?? ""));
  if (!scope.runs) return;
  if (schema === "") scope.found.doubt("the schema of what is made is not known");
  else scope.found.useNamed(qualified(schema, name), "create", scope);
  noteDdl(scope, replaced ? undefined : name);
}

function alters(scope: Scope, range: Tree, made: string): void {
  const name = word(range["relname"]);
  if (name === "" || name === made || !scope.runs) return;
  const relation = target(scope, range, false);
  if (relation === null) return;
  scope.found.use(relation, "alter", scope);
  for (const oid of relation.children) {
    const child = scope.catalogue.relationByOid(oid);
    if (child !== undefined) scope.found.use(child, "alter", { direct: false });
  }
}

function createTable(scope: Scope, content: Tree): void {
  const range = tree(content["relation"]);
  const name = word(range["relname"]);
  for (const parent of list(content["inhRelations"])) alters(scope, node(parent, "RangeVar") ?? {}, name);
  for (const element of [...list(content["tableElts"]), ...list(content["constraints"])]) {
    const like = node(element, "TableLikeClause");
    if (like !== undefined) reads(scope, tree(like["relation"]));
    for (const key of keysIn(element)) alters(scope, key, name);
  }
  creates(scope, range);
}

/** The relations that foreign keys of a column or table constraint refer to. */
export function keysIn(element: Value): readonly Tree[] {
  const constraint = node(element, "Constraint");
  if (constraint !== undefined) return isTree(constraint["pktable"]) ? [constraint["pktable"]] : [];
  return list(node(element, "ColumnDef")?.["constraints"]).flatMap(keysIn);
}

function reads(scope: Scope, range: Tree): void {
  const relation = target(scope, range, false);
  if (relation !== null) scope.found.use(relation, "select", scope);
}

function createAs(scope: Scope, content: Tree): void {
  const into = tree(content["into"]);
  const inside = into["skipData"] === true ? { ...scope, runs: false, planned: true } : scope;
  scope.judge.statement(inside, content["query"]);
  creates(scope, tree(into["rel"]));
}

function createInto(scope: Scope, content: Tree): void {
  creates(scope, tree(content["rel"]));
}

function createView(scope: Scope, content: Tree): void {
  scope.judge.statement({ ...scope, runs: false }, content["query"]);
  creates(scope, tree(content["view"]), content["replace"] === true);
}

function createIndex(scope: Scope, content: Tree): void {
  const range = tree(content["relation"]);
  const resolved = resolveRelation(scope, word(range["schemaname"]), word(range["relname"]));
  if (resolved.is === "relation") {
    scope.judge.touch(scope, resolved.relation, { operation: "select", direct: scope.direct, columns: null });
  }
  alters(scope, range, "");
  scope.judge.walk(scope, [content["indexParams"], content["whereClause"]]);
  for (const value of list(content["indexParams"])) {
    const parts = names(node(value, "IndexElem")?.["opclass"]);
    if (parts.length > 0 && !KNOWN_CLASSES.test(parts.join(".")))
      scope.found.doubt(`what the operator class \`${parts.join(".")}\` calls is not known`);
  }
  // Its name is one of a relation, which nothing but DDL names.
  noteDdl(scope, word(content["idxname"]) || " ");
}

/** Operator classes of PostgreSQL itself and of extensions that only compute. */
const KNOWN_CLASSES =
  /^(pg_catalog\.)?(\w+_pattern_ops|jsonb_(path_)?ops|array_ops|inet_ops|range_ops|text_ops|int[248]_ops|gi(n|st)_trgm_ops|(half|sparse)?vec(tor)?_\w+_ops)$/;

function createSchema(scope: Scope, content: Tree): void {
  scope.found.effect("write");
  const name = word(content["schemaname"]);
  for (const element of list(content["schemaElts"])) {
    const [kind, inner] = tagged(element);
    create({ ...scope, path: [name, ...(scope.path ?? [])] }, kind, inner);
  }
  noteDdl(scope);
}

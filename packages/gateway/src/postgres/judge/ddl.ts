import { alterTable } from "./alter-table.ts";
import { create } from "./create.ts";
import { noteDdl } from "./ddl-noted.ts";
import { target } from "./query.ts";
import { resolveType } from "./resolve.ts";
import type { Scope } from "./scope.ts";
import { noteSetting } from "./settings.ts";
import { type Tree, type Value, constantText, isTree, list, names, node, tree, word } from "./tree.ts";

/** DDL and what is like it. False: it is none of it. */
export function judgeDdl(scope: Scope, kind: string, content: Tree): boolean {
  if (REFUSED.has(kind)) scope.found.refuse("roles and their settings are not changed through the gateway");
  else if (kind === "AlterSystemStmt") scope.found.refuse("settings of the server are not changed through the gateway");
  else if (OUTSIDE.has(kind)) {
    scope.found.effect(/^(Drop|Dropdb)/.test(kind) ? "destructive" : "external");
    scope.found.doubt("it reaches beyond the database, or runs what an extension brings");
  } else if (kind === "AlterDatabaseSetStmt") databaseSetting(scope, content);
  else if (kind === "AlterTableStmt") alterTable(scope, content);
  else if (kind === "AlterDomainStmt") alterDomain(scope, content);
  else if (create(scope, kind, content)) return true;
  else if (ALTERING.has(kind)) alter(scope, content);
  else return false;
  noteDdl(scope);
  return true;
}

const REFUSED: ReadonlySet<string> = new Set([
  "CreateRoleStmt",
  "AlterRoleStmt",
  "AlterRoleSetStmt",
  "DropRoleStmt",
  "GrantRoleStmt",
  "ReassignOwnedStmt",
  "DropOwnedStmt",
]);

/** What comes from or goes to another place than this database. */
const OUTSIDE: ReadonlySet<string> = new Set([
  "CreateExtensionStmt",
  "AlterExtensionStmt",
  "AlterExtensionContentsStmt",
  "CreatePLangStmt",
  "CreateSubscriptionStmt",
  "AlterSubscriptionStmt",
  "DropSubscriptionStmt",
  "ImportForeignSchemaStmt",
  "CreateForeignServerStmt",
  "AlterForeignServerStmt",
  "CreateFdwStmt",
  "AlterFdwStmt",
  "CreateUserMappingStmt",
  "AlterUserMappingStmt",
  "DropUserMappingStmt",
  "CreatedbStmt",
  "DropdbStmt",
  "AlterDatabaseStmt",
  "AlterDatabaseRefreshCollStmt",
  "CreateTableSpaceStmt",
  "DropTableSpaceStmt",
  "AlterTableSpaceOptionsStmt",
  "AlterTableMoveAllStmt",
  "CreateAmStmt",
]);

/** They change an entry of the catalogue, or rights on one, and run nothing. */
const ALTERING: ReadonlySet<string> = new Set([
  "RenameStmt",
  "AlterObjectSchemaStmt",
  "AlterOwnerStmt",
  "AlterObjectDependsStmt",
  "AlterSeqStmt",
  "AlterFunctionStmt",
  "AlterPolicyStmt",
  "AlterEnumStmt",
  "AlterTypeStmt",
  "AlterStatsStmt",
  "AlterOpFamilyStmt",
  "AlterOperatorStmt",
  "AlterTSDictionaryStmt",
  "AlterTSConfigurationStmt",
  "AlterCollationStmt",
  "AlterPublicationStmt",
  "AlterEventTrigStmt",
  "AlterDefaultPrivilegesStmt",
  "CommentStmt",
  "SecLabelStmt",
  "GrantStmt",
]);

/** Notes every relation that the statement names as altered; expressions in it run when rows are written, not now. */
function alter(scope: Scope, content: Tree): void {
  scope.found.effect("write");
  for (const range of named(content)) {
    const relation = target(scope, range, true);
    if (relation === null) continue;
    scope.found.use(relation, "alter", scope);
  }
  if (word(content["targtype"]) !== "ACL_TARGET_ALL_IN_SCHEMA") return;
  for (const schema of names(content["objects"]))
    for (const relation of scope.catalogue.relationsIn(schema))
      if (relation.kind !== "i") scope.found.use(relation, "alter", { direct: false });
}

/** A check that a domain gets is run over every row that has a value of it. */
function alterDomain(scope: Scope, content: Tree): void {
  scope.found.effect("write");
  const type = resolveType(scope, names(content["typeName"]));
  scope.judge.walk(scope, content["def"]);
  for (const relation of scope.catalogue.relations)
    if (relation.columns.some((column) => column.type === type?.oid)) {
      scope.found.use(relation, "alter", { direct: false });
      scope.judge.touch(scope, relation, { operation: "select", direct: false, columns: null });
    }
}

function named(content: Tree): readonly Tree[] {
  const own = ["relation", "sequence", "table"].flatMap((field) => {
    const value = content[field];
    return isTree(value) && typeof value["relname"] === "string" ? [value] : [];
  });
  const ranges = list(content["objects"]).map((value) => node(value, "RangeVar"));
  return [...own, ...ranges.filter((range) => range !== undefined), ...commented(content)];
}

/** COMMENT and SECURITY LABEL name their object in parts: a relation, or a column or part of one. */
function commented(content: Tree): readonly Tree[] {
  const kind = word(content["objtype"]).replace("OBJECT_", "");
  const items = list(tree(node(content["object"], "List"))["items"]).map((value) =>
    word(node(value, "String")?.["sval"]),
  );
  const own = ["TABLE", "VIEW", "MATVIEW", "SEQUENCE", "INDEX", "FOREIGN_TABLE"].includes(kind);
  const part = ["COLUMN", "TRIGGER", "RULE", "POLICY", "TABCONSTRAINT"].includes(kind);
  if (!own && !part) return [];
  const parts = own ? items : items.slice(0, -1);
  return parts.length === 0 ? [] : [{ schemaname: parts.at(-2) ?? "", relname: parts.at(-1) ?? "" }];
}

function databaseSetting(scope: Scope, content: Tree): void {
  const set = tree(content["setstmt"]);
  const values = list(set["args"]).map((value: Value) => constantText(value));
  scope.found.effect("write");
  const before = scope.text.path;
  noteSetting(
    { ...scope, direct: true },
    {
      name: word(set["name"]).toLowerCase(),
      value: values.includes(undefined) ? null : values.join(", "),
      local: false,
    },
  );
  // It holds for later sessions, not for this one.
  scope.text.path = before;
}

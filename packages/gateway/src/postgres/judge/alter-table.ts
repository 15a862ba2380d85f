import type { RelationFacts } from "./catalogue.ts";
import { keysIn } from "./create.ts";
import { walkExpression } from "./definitions.ts";
import { target } from "./query.ts";
import { type Scope, callOid } from "./scope.ts";
import { type Tree, list, node, tree, word } from "./tree.ts";

/** ALTER TABLE and its kin. What may look at or rewrite rows runs checks, defaults and index expressions; what drops or switches off is destructive. */
export function alterTable(scope: Scope, content: Tree): void {
  scope.found.effect("write");
  const range = tree(content["relation"]);
  const relation = target(scope, range, content["missing_ok"] === true);
  const commands = list(content["cmds"]).map((value) => tree(node(value, "AlterTableCmd")));
  if (relation !== null) {
    altered(scope, relation, scope.direct);
    if (relation.kind === "i") for (const oid of relation.parents) alteredOid(scope, oid);
    if (commands.some((command) => REWRITING.has(word(command["subtype"])))) rewritten(scope, relation);
    for (const command of commands) if (DROPPING.has(word(command["subtype"]))) keys(scope, relation);
  }
  for (const command of commands) alterCommand(scope, command);
}

/** They take something away, or switch a safeguard off. */
const DROPPING: ReadonlySet<string> = new Set([
  "AT_DropColumn",
  "AT_DropConstraint",
  "AT_DropExpression",
  "AT_DisableTrig",
  "AT_DisableTrigAll",
  "AT_DisableTrigUser",
  "AT_DisableRule",
  "AT_DisableRowSecurity",
  "AT_NoForceRowSecurity",
  "AT_AlterColumnType",
]);

/** They read or write every row. */
const REWRITING: ReadonlySet<string> = new Set([
  "AT_AddColumn",
  "AT_AddConstraint",
  "AT_ValidateConstraint",
  "AT_AlterColumnType",
  "AT_SetNotNull",
  "AT_AddIndex",
  "AT_AttachPartition",
  "AT_SetExpression",
  "AT_SetAccessMethod",
  "AT_SetLogged",
  "AT_SetUnLogged",
  "AT_AddIdentity",
]);

function alterCommand(scope: Scope, command: Tree): void {
  const kind = word(command["subtype"]);
  if (DROPPING.has(kind)) scope.found.effect("destructive");
  const { def } = command;
  scope.judge.walk(scope, def);
  for (const range of keysIn(def)) {
    const other = target(scope, range, false);
    if (other !== null) {
      altered(scope, other, scope.direct);
      scope.judge.touch(scope, other, { operation: "select", direct: scope.direct, columns: null });
    }
  }
  const partition = tree(node(def, "PartitionCmd"));
  const part = node(def, "RangeVar") ?? tree(partition["name"]);
  if (part["relname"] === undefined) return;
  const other = target(scope, part, false);
  if (other !== null) rewritten(scope, other);
}

function altered(scope: Scope, relation: RelationFacts, direct: boolean): void {
  if (!scope.runs) return;
  scope.found.use(relation, "alter", { direct });
  for (const oid of relation.children) alteredOid(scope, oid);
}

function alteredOid(scope: Scope, oid: number): void {
  const relation = scope.catalogue.relationByOid(oid);
  if (relation !== undefined) altered(scope, relation, false);
}

/** Every row is looked at, and so are the expressions that hang on it. */
function rewritten(scope: Scope, relation: RelationFacts): void {
  altered(scope, relation, false);
  scope.judge.touch(scope, relation, { operation: "select", direct: false, columns: null });
  for (const text of [...relation.checks, ...relation.expressions]) walkExpression(scope, text);
  for (const oid of relation.indexFunctions) callOid(scope, oid);
  for (const column of relation.columns)
    if (column.generated !== "" && column.default !== null) walkExpression(scope, column.default);
}

function keys(scope: Scope, relation: RelationFacts): void {
  for (const { other } of [...relation.references, ...relation.referencedBy]) alteredOid(scope, other);
}

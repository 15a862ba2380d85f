import type { RelationFacts } from "./catalogue.ts";
import { walkExpression } from "./definitions.ts";
import { target } from "./query.ts";
import { type Scope, callOid } from "./scope.ts";
import { type Tree, isTree, list, names, node, tree, word } from "./tree.ts";

/** Statements about whole relations that are no DDL: COPY, TRUNCATE, LOCK, VACUUM, REINDEX, REFRESH and their kin. False: it is none of them. */
export function judgeUtility(scope: Scope, kind: string, content: Tree): boolean {
  const rule = Object.hasOwn(RULES, kind) ? RULES[kind] : undefined;
  if (rule === undefined) return false;
  if (scope.runs) rule(scope, content);
  return true;
}

const RULES: Readonly<Record<string, (scope: Scope, content: Tree) => void>> = {
  CopyStmt: copy,
  TruncateStmt: truncate,
  LockStmt: lockTables,
  VacuumStmt: vacuum,
  ReindexStmt: reindex,
  ClusterStmt: (scope, content) => maintainNamed(scope, [content["relation"]]),
  RefreshMatViewStmt: refresh,
  CheckPointStmt: ({ found }) => found.effect("write"),
  LoadStmt: ({ found }) => found.doubt("LOAD brings code into the server"),
};

function copy(scope: Scope, content: Tree): void {
  const { found } = scope;
  if (content["filename"] !== undefined || content["is_program"] === true) {
    found.effect("external");
    found.doubt(
      content["is_program"] === true ? "COPY runs a program of the server" : "COPY uses a file of the server",
    );
  }
  const incoming = content["is_from"] === true;
  if (content["query"] !== undefined) scope.judge.statement(scope, content["query"]);
  scope.judge.walk(scope, content["whereClause"]);
  const relation = isTree(content["relation"]) ? target(scope, content["relation"], false) : null;
  if (relation === null) return;
  const listed = names(content["attlist"]);
  const columns = new Set(listed.length > 0 ? listed : relation.columns.map(({ name }) => name));
  const operation = incoming ? "insert" : "select";
  scope.judge.touch(scope, relation, { operation, direct: scope.direct, only: true, columns, withoutRules: true });
  // A partitioned table is filled through its partitions.
  if (incoming && relation.kind === "p")
    scope.judge.touch(scope, relation, { operation, direct: scope.direct, columns, withoutRules: true });
}

function truncate(scope: Scope, content: Tree): void {
  const cascade = word(content["behavior"]) === "DROP_CASCADE";
  const restart = content["restart_seqs"] === true;
  const seen = new Set<number>();
  for (const value of list(content["relations"])) {
    const range = tree(node(value, "RangeVar"));
    const relation = target(scope, range, false);
    if (relation !== null)
      emptied(scope, relation, { cascade, restart, only: range["inh"] !== true, direct: scope.direct, seen });
  }
}

interface Emptied {
  readonly cascade: boolean;
  readonly restart: boolean;
  readonly only: boolean;
  readonly direct: boolean;
  readonly seen: Set<number>;
}

function emptied(scope: Scope, relation: RelationFacts, how: Emptied): void {
  if (how.seen.has(relation.oid)) return;
  how.seen.add(relation.oid);
  scope.judge.touch(scope, relation, { operation: "truncate", direct: how.direct, only: how.only, columns: null });
  for (const { sequence } of how.restart ? relation.columns : []) {
    const facts = sequence === null ? undefined : scope.catalogue.relationByOid(sequence);
    if (facts !== undefined) scope.found.use(facts, "advance", { direct: false });
  }
  const next = [
    ...(how.cascade ? relation.referencedBy.map(({ other }) => other) : []),
    ...(how.only ? [] : relation.children),
  ];
  for (const oid of next) {
    const facts = scope.catalogue.relationByOid(oid);
    if (facts !== undefined) emptied(scope, facts, { ...how, only: false, direct: false });
  }
}

/** LOCK in any mode but the one of SELECT keeps others from their work. */
function lockTables(scope: Scope, content: Tree): void {
  const shares = content["mode"] === ACCESS_SHARE;
  for (const value of list(content["relations"])) {
    const range = tree(node(value, "RangeVar"));
    const relation = target(scope, range, false);
    if (relation === null) continue;
    const operation = shares ? "select" : "lock";
    scope.judge.touch(scope, relation, { operation, direct: scope.direct, only: range["inh"] !== true, columns: null });
    if (operation === "lock" && relation.kind === "v") scope.found.lasting ??= "a lock of relations";
  }
}

const ACCESS_SHARE = 1;

function vacuum(scope: Scope, content: Tree): void {
  scope.found.lasting ??= "maintenance";
  const relations = list(content["rels"]).map((value) => tree(node(value, "VacuumRelation"))["relation"]);
  maintainNamed(scope, relations);
}

function reindex(scope: Scope, content: Tree): void {
  const relation = content["relation"];
  if (isTree(relation)) maintainNamed(scope, [relation]);
  else {
    const schema = word(content["name"]);
    const whole = word(content["kind"]) !== "REINDEX_OBJECT_SCHEMA";
    for (const facts of whole ? scope.catalogue.relations : scope.catalogue.relationsIn(schema))
      maintain(scope, facts, false);
  }
}

/** Upkeep runs the expressions of indexes and statistics; without a name it is of every relation. */
function maintainNamed(scope: Scope, relations: readonly unknown[]): void {
  const named = relations.filter((value) => isTree(value as Tree)).map((value) => value as Tree);
  if (named.length === 0) for (const facts of scope.catalogue.relations) maintain(scope, facts, false);
  for (const range of named) {
    const relation = target(scope, range, false);
    if (relation !== null) maintain(scope, relation, true);
  }
}

function maintain(scope: Scope, relation: RelationFacts, direct: boolean): void {
  if (!direct && !"rmpt".includes(relation.kind)) return;
  scope.found.use(relation, "maintain", { direct: direct && scope.direct });
  if (relation.kind === "f") scope.found.doubt("a foreign table reaches another server");
  for (const text of relation.expressions) walkExpression(scope, text);
  for (const oid of relation.indexFunctions) callOid(scope, oid);
  for (const oid of [...relation.children, ...(relation.kind === "i" ? relation.parents : [])]) {
    const other = scope.catalogue.relationByOid(oid);
    if (other !== undefined) maintain(scope, other, false);
  }
}

function refresh(scope: Scope, content: Tree): void {
  const relation = target(scope, tree(content["relation"]), false);
  if (relation === null) return;
  maintain(scope, relation, true);
  if (relation.definition !== null && content["skipData"] !== true) walkRefreshed(scope, relation.definition);
}

function walkRefreshed(scope: Scope, definition: string): void {
  walkExpression(scope, `EXISTS (${definition.replace(/;\s*$/, "")})`);
}

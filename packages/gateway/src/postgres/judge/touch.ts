import type { ColumnFacts, RelationFacts, RuleFacts } from "./catalogue.ts";
import type { Deed } from "./deed.ts";
import { definitionSelect, definitionStatements, walkDefinition, walkExpression } from "./definitions.ts";
import { rangesOf } from "./ranges.ts";
import { type Scope, callOid, first, stored } from "./scope.ts";
import { qualified } from "./names.ts";
import { readKeys, writeKeys } from "./touch-keys.ts";
import { list, names, node, tagged, tree, word } from "./tree.ts";
import { meetType } from "./types-met.ts";

const EVENT_BITS = { insert: 4, delete: 8, update: 16, truncate: 32 } as const;
const INSTEAD_OF = 64;
const POLICY_COMMANDS = { select: "r", lock: "rw", insert: "ar", update: "wr", delete: "dr", truncate: "" } as const;

/** Notes the use of a relation with all that it sets off. */
export function touch(scope: Scope, relation: RelationFacts, deed: Deed): void {
  const { found } = scope;
  if (!scope.runs) {
    plan(scope, relation, deed);
    return;
  }
  found.use(relation, deed.operation, deed);
  if (!first(scope, `touch ${String(relation.oid)} ${deedKey(deed)}`)) return;
  for (const { type } of relation.columns) found.types.add(type);
  if (relation.kind === "f") {
    found.effect("external");
    found.doubt("a foreign table reaches another server");
    found.lasting ??= "a foreign table";
  }
  if (relation.foreignMethod) found.doubt("the access method of a relation is not one of PostgreSQL");
  for (const oid of relation.indexFunctions) callOid(scope, oid);
  // The planner works out what is constant in them, calling what says that it is immutable.
  for (const text of relation.expressions) walkExpression(scope, text);
  policies(scope, relation, deed);
  if (relation.kind === "v") view(scope, relation, deed);
  else if (relation.kind !== "S") table(scope, relation, deed);
  if (deed.only !== true) children(scope, relation, deed);
}

function deedKey({ operation, columns, defaulted, only, withoutRules }: Deed): string {
  const how = `${only === true ? "only" : "all"} ${withoutRules === true ? "bare" : "ruled"}`;
  const named = columns === null ? "*" : [...columns].toSorted().join(",");
  return `${operation} ${how} ${named} ${[...(defaulted ?? [])].toSorted().join(",")}`;
}

/** What is only planned reads the catalogue; the relations are named, and policies and views opened. */
function plan(scope: Scope, relation: RelationFacts, deed: Deed): void {
  scope.found.use(relation, "select", { direct: deed.direct });
  if (!scope.planned || !first(scope, `plan ${deed.operation} ${String(relation.oid)}`)) return;
  for (const text of relation.expressions) walkExpression(scope, text);
  policies(scope, relation, deed);
  rules(scope, relation, deed);
  if (relation.kind === "v" && relation.definition !== null) walkDefinition(scope, relation.definition);
  children(scope, relation, deed);
}

function view(scope: Scope, relation: RelationFacts, deed: Deed): void {
  if (relation.definition === null) {
    scope.found.doubt("the definition of a view is not known");
    return;
  }
  walkDefinition(scope, relation.definition);
  if (deed.operation === "select") return;
  if (deed.operation === "lock") {
    for (const base of shown(scope, relation)) touch(scope, base, { ...deed, direct: false, only: false });
    return;
  }
  rules(scope, relation, deed);
  triggers(scope, relation, deed);
  for (const column of relation.columns) columnDefault(scope, column, deed);
  // Without a trigger or rule of its own it is written through to the one relation it shows.
  for (const base of basesOf(scope, relation, deed))
    touch(scope, base, { ...deed, direct: false, only: false, ...columnsBehind(relation, deed) });
}

/** The columns of the relation that a view shows, for those of the view; null when one is none of them. */
function columnsBehind(
  { definition }: RelationFacts,
  { columns, defaulted }: Deed,
): Pick<Deed, "columns" | "defaulted"> {
  const behind = new Map<string, string>();
  for (const value of list(tree(definitionSelect(definition ?? ""))["targetList"])) {
    const target = tree(node(value, "ResTarget"));
    const own = names(node(target["val"], "ColumnRef")?.["fields"]).at(-1);
    if (own !== undefined) behind.set(word(target["name"]) || own, own);
  }
  const mapped = (all: ReadonlySet<string>): ReadonlySet<string> | null => {
    const found = [...all].map((column) => behind.get(column));
    return found.includes(undefined) ? null : new Set(found.filter((column) => column !== undefined));
  };
  return { columns: columns === null ? null : mapped(columns), defaulted: mapped(defaulted ?? new Set()) ?? new Set() };
}

function basesOf(scope: Scope, relation: RelationFacts, { operation }: Deed): readonly RelationFacts[] {
  if (operation === "truncate" || relation.rules.some(({ event, instead }) => event === operation && instead))
    return [];
  const bit = operation === "select" || operation === "lock" ? 0 : EVENT_BITS[operation];
  if (relation.triggers.some(({ type }) => (type & INSTEAD_OF) !== 0 && (type & bit) !== 0)) return [];
  const bases = shown(scope, relation);
  return bases.length === 1 ? bases : [];
}

/** The relations in FROM of a view. */
function shown(scope: Scope, relation: RelationFacts): readonly RelationFacts[] {
  return rangesOf(tree(definitionSelect(relation.definition ?? ""))["fromClause"]).flatMap((range) => {
    const base = scope.catalogue.relation(word(range["schemaname"]) || "pg_catalog", word(range["relname"]));
    return base === undefined ? [] : [base];
  });
}

function table(scope: Scope, relation: RelationFacts, deed: Deed): void {
  for (const { generated, default: text } of relation.columns)
    if (generated === "v" && text !== null) walkExpression(scope, text);
  if (deed.operation === "select" || deed.operation === "lock") return;
  if (deed.withoutRules !== true) rules(scope, relation, deed);
  triggers(scope, relation, deed);
  if (deed.operation === "insert" || deed.operation === "update") newRows(scope, relation, deed);
  writeKeys(scope, relation, deed);
}

/** What making a row of new values runs. */
function newRows(scope: Scope, relation: RelationFacts, deed: Deed): void {
  for (const text of relation.checks) walkExpression(scope, text);
  for (const { type } of relation.columns) meetType(scope, type, true);
  for (const column of relation.columns) columnDefault(scope, column, deed);
  readKeys(scope, relation, deed);
  for (const parent of relation.parents) parentExpressions(scope, parent);
}

function parentExpressions(scope: Scope, oid: number): void {
  const parent = scope.catalogue.relationByOid(oid);
  if (parent === undefined || !first(scope, `bound ${String(oid)}`)) return;
  // A partition's own bound is that of its table.
  const written = scope.found.writes.has(qualified(parent.schema, parent.name));
  if (parent.kind === "p" && !written) scope.found.use(parent, "select", { direct: false });
  for (const text of parent.expressions) walkExpression(scope, text);
  for (const next of parent.parents) parentExpressions(scope, next);
}

function columnDefault(scope: Scope, column: ColumnFacts, { operation, columns, defaulted }: Deed): void {
  if (column.generated !== "") {
    if (column.default !== null) walkExpression(scope, column.default);
    return;
  }
  const used = operation === "insert" ? columns?.has(column.name) !== true : defaulted?.has(column.name) === true;
  if (!used) return;
  if (column.default !== null) walkExpression(scope, column.default);
  const sequence =
    column.identity === "" || column.sequence === null ? undefined : scope.catalogue.relationByOid(column.sequence);
  if (sequence !== undefined) scope.found.use(sequence, "advance", { direct: false });
}

function rules(scope: Scope, relation: RelationFacts, { operation }: Deed): void {
  for (const rule of relation.rules) if (rule.event === operation) followRule(scope, rule);
}

function followRule(scope: Scope, rule: RuleFacts): void {
  const statement = definitionStatements(rule.definition)?.[0];
  const [kind, content] = tagged(statement);
  if (kind !== "RuleStmt") {
    scope.found.doubt("a rule can't be read");
    return;
  }
  const inside = stored(scope);
  scope.judge.walk(inside, content["whereClause"]);
  for (const action of list(content["actions"])) scope.judge.statement(inside, action);
}

function triggers(scope: Scope, relation: RelationFacts, { operation }: Deed): void {
  if (operation === "select" || operation === "lock") return;
  // A row that moves to another partition is deleted here and inserted there.
  const moves = operation === "update" && (relation.kind === "p" || relation.parents.length > 0);
  const bits = moves ? EVENT_BITS.update | EVENT_BITS.insert | EVENT_BITS.delete : EVENT_BITS[operation];
  for (const trigger of relation.triggers) {
    if ((trigger.type & bits) === 0) continue;
    callOid(scope, trigger.function);
    if (trigger.definition === null) continue;
    const [, content] = tagged(definitionStatements(trigger.definition)?.[0]);
    scope.judge.walk(stored(scope), content["whenClause"]);
  }
}

function policies(scope: Scope, relation: RelationFacts, { operation }: Deed): void {
  if (!relation.rowSecurity) return;
  for (const { command, conditions } of relation.policies) {
    if (command !== "*" && !POLICY_COMMANDS[operation].includes(command)) continue;
    for (const text of conditions) walkExpression(scope, text);
  }
}

function children(scope: Scope, relation: RelationFacts, deed: Deed): void {
  // A row goes into a table itself, or into a partition of a partitioned one.
  if (deed.operation === "insert" && relation.kind !== "p") return;
  for (const oid of relation.children) {
    const child = scope.catalogue.relationByOid(oid);
    if (child !== undefined) touch(scope, child, { ...deed, direct: false, withoutRules: true });
  }
}

import type { ColumnFacts, KeyFacts, PolicyFacts, RelationFacts, RuleFacts, TriggerFacts } from "../judge/catalogue.ts";
import { type Row, type Rows, flag, oid, oids, text, texts } from "./rows.ts";

/** Everything that hangs on relations, put together from the rows of their queries. */
export function relationsOf(rows: Rows): Map<number, RelationFacts> {
  const of = gather(rows);
  const facts = (rows["relations"] ?? []).map((row): RelationFacts => {
    const own = oid(row["oid"]);
    const indexes = of.indexes.get(own) ?? [];
    const constraints = of.constraints.get(own) ?? [];
    const isIndex = /[iI]/.test(text(row["kind"]));
    return {
      oid: own,
      schema: text(row["schema"]),
      name: text(row["name"]),
      kind: isIndex ? "i" : text(row["kind"]),
      columns: (of.columns.get(own) ?? []).map(columnOf),
      definition: nullable(row["definition"]),
      rowSecurity: flag(row["row_security"]),
      children: linked(of.children.get(own), "child"),
      parents: [...linked(of.indexed.get(own), "relation"), ...linked(of.parents.get(own), "parent")],
      rules: (of.rules.get(own) ?? []).map(ruleOf),
      triggers: (of.triggers.get(own) ?? []).map(triggerOf),
      checks: constraints.filter(({ kind }) => kind === "c").map(({ condition }) => text(condition)),
      expressions: expressionsOf(row, [...indexes, ...(of.statistics.get(own) ?? [])]),
      indexFunctions: [...indexes, ...constraints].flatMap(({ functions }) => [...oids(functions)]),
      references: constraints
        .filter(({ kind }) => kind === "f")
        .map((key) => keyOf(key, ["other", "columns", "other_columns"])),
      referencedBy: (of.referencing.get(own) ?? []).map((key) => keyOf(key, ["relation", "other_columns", "columns"])),
      policies: (of.policies.get(own) ?? []).map(policyOf),
      foreignMethod: flag(row["foreign_method"]),
    };
  });
  return new Map(facts.map((one) => [one.oid, one]));
}

type Grouped = ReadonlyMap<number, readonly Row[]>;
type Group =
  | "columns"
  | "indexes"
  | "indexed"
  | "constraints"
  | "referencing"
  | "children"
  | "parents"
  | "rules"
  | "triggers"
  | "statistics"
  | "policies";

function gather(rows: Rows): Readonly<Record<Group, Grouped>> {
  const by = (query: string, column: string): Grouped => Map.groupBy(rows[query] ?? [], (row) => oid(row[column]));
  const keys = (rows["constraints"] ?? []).filter(({ kind }) => kind === "f");
  return {
    columns: by("columns", "relation"),
    indexes: by("indexes", "relation"),
    indexed: by("indexes", "index"),
    constraints: by("constraints", "relation"),
    referencing: Map.groupBy(keys, (row) => oid(row["other"])),
    children: by("inherits", "parent"),
    parents: by("inherits", "child"),
    rules: by("rules", "relation"),
    triggers: by("triggers", "relation"),
    statistics: by("statistics", "relation"),
    policies: by("policies", "relation"),
  };
}

function nullable(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function linked(rows: readonly Row[] | undefined, end: string): readonly number[] {
  return (rows ?? []).map((row) => oid(row[end]));
}

function expressionsOf(relation: Row, hanging: readonly Row[]): readonly string[] {
  const all = hanging.flatMap(({ expressions, predicate }) => [text(expressions), text(predicate)]);
  return [...all, text(relation["partition_expressions"])].filter((expression) => expression !== "");
}

function triggerOf(row: Row): TriggerFacts {
  return { function: oid(row["function"]), type: Number(row["type"]), definition: nullable(row["definition"]) };
}

function policyOf(row: Row): PolicyFacts {
  const conditions = [text(row["using"]), text(row["check"])].filter((condition) => condition !== "");
  return { command: text(row["command"]), conditions };
}

function columnOf(row: Row): ColumnFacts {
  return {
    name: text(row["name"]),
    type: oid(row["type"]),
    default: nullable(row["default"]),
    generated: text(row["generated"]),
    identity: text(row["identity"]),
    sequence: row["sequence"] === null ? null : oid(row["sequence"]),
  };
}

const EVENTS: Readonly<Record<string, RuleFacts["event"]>> = {
  "1": "select",
  "2": "update",
  "3": "insert",
  "4": "delete",
};

function ruleOf(row: Row): RuleFacts {
  return {
    event: EVENTS[text(row["event"])] ?? "select",
    instead: flag(row["instead"]),
    definition: text(row["definition"]),
  };
}

function keyOf(row: Row, [other, columns, otherColumns]: readonly [string, string, string]): KeyFacts {
  return {
    other: oid(row[other]),
    columns: texts(row[columns]),
    otherColumns: texts(row[otherColumns]),
    onDelete: text(row["on_delete"]),
    onUpdate: text(row["on_update"]),
  };
}

import type { Catalogue, DroppedKind, FunctionFacts, OperatorFacts, TypeFacts } from "../judge/catalogue.ts";
import { droppedWith } from "./dependencies.ts";
import { relationsOf } from "./relations.ts";
import { type Rows, flag, oid, oids, text, texts } from "./rows.ts";

/** The facts of one snapshot, from its rows. */
export function buildCatalogue(rows: Rows, state: string): Catalogue {
  const relations = relationsOf(rows);
  const functions = functionsOf(rows);
  const types = typesOf(rows);
  const schemas = new Map((rows["schemas"] ?? []).map((row) => [text(row["name"]), oid(row["oid"])]));
  const byName = named([...relations.values()].filter(({ kind }) => kind !== "c"));
  const functionsByName = grouped([...functions.values()], (facts) => nameKey(facts.schema, facts.name));
  const typesByName = named([...types.values()]);
  const bySchema = grouped([...byName.values()], ({ schema }) => (/^pg_temp_\d+$/.test(schema) ? "pg_temp" : schema));
  const operators = grouped(operatorsOf(rows), ({ name }) => name);
  const dropped = droppedWith(rows, relations);
  return {
    state,
    hasSchema: (name) => schemas.has(name),
    schemaOid: (name) => schemas.get(name),
    relation: (schema, name) => byName.get(nameKey(schema, name)),
    relationByOid: (wanted) => relations.get(wanted),
    relationsIn: (schema) => bySchema.get(schema) ?? [],
    relations: [...relations.values()].filter(({ oid: own }) => own >= 16_384),
    functions: (schema, name) => functionsByName.get(nameKey(schema, name)) ?? [],
    functionByOid: (wanted) => functions.get(wanted),
    operators: (name) => operators.get(name) ?? [],
    casts: (rows["casts"] ?? []).map((row) => ({
      source: oid(row["source"]),
      target: oid(row["target"]),
      function: oid(row["function"]),
      context: text(row["context"]),
    })),
    type: (schema, name) => typesByName.get(nameKey(schema, name)),
    typeByOid: (wanted) => types.get(wanted),
    eventTriggers: (rows["eventTriggers"] ?? []).map((row) => oid(row["function"])),
    dropped: (kind: DroppedKind, wanted) => dropped(kind, wanted),
  };
}

function nameKey(schema: string, name: string): string {
  return `${schema}\u0000${name}`;
}

function named<Facts extends { readonly schema: string; readonly name: string }>(
  all: readonly Facts[],
): Map<string, Facts> {
  return new Map(all.map((facts) => [nameKey(facts.schema, facts.name), facts]));
}

function grouped<Facts>(all: readonly Facts[], key: (facts: Facts) => string): Map<string, readonly Facts[]> {
  return Map.groupBy(all, key);
}

function functionsOf(rows: Rows): Map<number, FunctionFacts> {
  const facts = (rows["functions"] ?? []).map((row): FunctionFacts => ({
    oid: oid(row["oid"]),
    schema: text(row["schema"]),
    name: text(row["name"]),
    kind: text(row["kind"]),
    language: text(row["language"]),
    volatility: text(row["volatility"]),
    argumentTypes: text(row["arguments"])
      .split(" ")
      .filter((part) => part !== "")
      .map(Number),
    defaults: Number(row["defaults"]),
    defaultArguments: typeof row["default_arguments"] === "string" ? row["default_arguments"] : null,
    variadic: flag(row["variadic"]),
    returns: oid(row["returns"]),
    settings: texts(row["settings"]),
    source: text(row["source"]),
    definition: row["definition"] === null ? null : text(row["definition"]),
    parts: oids(row["parts"]),
    extension: row["extension"] === null ? null : text(row["extension"]),
  }));
  return new Map(facts.map((one) => [one.oid, one]));
}

function operatorsOf(rows: Rows): readonly OperatorFacts[] {
  return (rows["operators"] ?? []).map((row) => ({
    schema: text(row["schema"]),
    name: text(row["name"]),
    left: oid(row["left"]),
    right: oid(row["right"]),
    result: oid(row["result"]),
    functions: oids(row["functions"]),
  }));
}

function typesOf(rows: Rows): Map<number, TypeFacts> {
  const checks = new Map<number, string[]>();
  for (const row of rows["constraints"] ?? []) {
    if (text(row["kind"]) !== "c" || oid(row["type"]) === 0) continue;
    const list = checks.get(oid(row["type"])) ?? [];
    checks.set(oid(row["type"]), [...list, text(row["condition"])]);
  }
  const facts = (rows["types"] ?? []).map((row): TypeFacts => ({
    oid: oid(row["oid"]),
    schema: text(row["schema"]),
    name: text(row["name"]),
    kind: text(row["kind"]),
    base: oid(row["base"]),
    relation: oid(row["relation"]),
    checks: checks.get(oid(row["oid"])) ?? [],
    functions: oids(row["functions"]),
  }));
  return new Map(facts.map((one) => [one.oid, one]));
}

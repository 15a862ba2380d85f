import type { Catalogue, RelationFacts } from "./catalogue.ts";
import { noteDdl } from "./ddl-noted.ts";
import { qualified } from "./names.ts";
import { resolveRelation, resolveType } from "./resolve.ts";
import type { Scope } from "./scope.ts";
import { type Tree, type Value, names, node, list, tree, word } from "./tree.ts";
import { unresolved } from "./walk.ts";

/** DROP takes the object and, by CASCADE or as its parts, what depends on it. */
export function judgeDrop(scope: Scope, content: Tree): void {
  const kind = word(content["removeType"]).replace("OBJECT_", "");
  const quiet = content["missing_ok"] === true;
  scope.found.effect("destructive");
  for (const object of list(content["objects"])) {
    if (RELATIONS.has(kind)) dropRelation(scope, namesOf(object), quiet);
    else if (PARTS.has(kind)) dropPart(scope, namesOf(object));
    else if (kind === "SCHEMA") dropAll(scope, "schema", scope.catalogue.schemaOid(namesOf(object)[0] ?? ""));
    else if (kind === "TYPE" || kind === "DOMAIN") dropAll(scope, "type", resolveType(scope, typeNames(object))?.oid);
    else if (ROUTINES.has(kind)) for (const oid of routines(scope, object)) dropAll(scope, "function", oid);
    else if (!LISTED.has(kind)) scope.found.doubt(`what goes with a dropped ${kind.toLowerCase()} is not known`);
  }
  noteDdl(scope);
}

const RELATIONS: ReadonlySet<string> = new Set(["TABLE", "VIEW", "MATVIEW", "SEQUENCE", "INDEX", "FOREIGN_TABLE"]);
/** Parts of a relation, named `relation.part`. */
const PARTS: ReadonlySet<string> = new Set(["TRIGGER", "RULE", "POLICY"]);
const ROUTINES: ReadonlySet<string> = new Set(["FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE"]);
/** Objects that take no relation with them. */
const LISTED: ReadonlySet<string> = new Set([
  "EVENT_TRIGGER",
  "PUBLICATION",
  "STATISTIC_EXT",
  "CAST",
  "CONVERSION",
  "TRANSFORM",
]);

function namesOf(value: Value): readonly string[] {
  const inner = node(value, "List");
  if (inner !== undefined) return names(inner["items"]);
  const string = node(value, "String");
  return string === undefined ? [] : [word(string["sval"])];
}

function typeNames(value: Value): readonly string[] {
  return names(node(value, "TypeName")?.["names"]);
}

function routines({ catalogue, path }: Scope, value: Value): readonly number[] {
  const parts = names(tree(node(value, "ObjectWithArgs"))["objname"]);
  const name = parts.at(-1) ?? "";
  const schemas = parts.length > 1 ? [parts.at(-2) ?? ""] : (path ?? []);
  return schemas.flatMap((schema) => catalogue.functions(schema, name).map(({ oid }) => oid));
}

function dropRelation(scope: Scope, parts: readonly string[], quiet: boolean): void {
  const [schema, name] = [parts.length > 1 ? (parts.at(-2) ?? "") : "", parts.at(-1) ?? ""];
  const resolved = resolveRelation(scope, schema, name);
  if (resolved.is !== "relation") {
    if (resolved.is === "unsure" || !quiet) unresolved(scope, { schema, name }, resolved);
    return;
  }
  const { relation } = resolved;
  scope.found.use(relation, "drop", scope);
  for (const oid of relation.parents) noteAltered(scope, oid);
  dropAll(scope, "relation", relation.oid);
}

function dropAll(scope: Scope, kind: Parameters<Catalogue["dropped"]>[0], oid: number | undefined): void {
  if (oid === undefined) return;
  for (const relation of scope.catalogue.dropped(kind, oid)) {
    const facts = scope.catalogue.relationByOid(relation);
    if (facts === undefined) continue;
    scope.found.use(facts, "drop", { direct: false });
    keysOf(scope, facts);
  }
  const own = kind === "relation" ? scope.catalogue.relationByOid(oid) : undefined;
  if (own !== undefined) keysOf(scope, own);
}

/** With a relation go its foreign keys, at both ends. */
function keysOf(scope: Scope, { references, referencedBy }: RelationFacts): void {
  for (const { other } of [...references, ...referencedBy]) noteAltered(scope, other);
}

function noteAltered(scope: Scope, oid: number): void {
  const relation = scope.catalogue.relationByOid(oid);
  if (relation !== undefined) scope.found.use(relation, "alter", { direct: false });
}

function dropPart(scope: Scope, parts: readonly string[]): void {
  const [schema, name] = [parts.length > 2 ? (parts.at(-3) ?? "") : "", parts.at(-2) ?? ""];
  const resolved = resolveRelation(scope, schema, name);
  if (resolved.is === "relation") scope.found.use(resolved.relation, "alter", scope);
  else scope.found.useNamed(qualified(schema === "" ? "public" : schema, name), "alter", scope);
}

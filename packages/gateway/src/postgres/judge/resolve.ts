import type { FunctionFacts, RelationFacts, TypeFacts } from "./catalogue.ts";
import type { Scope } from "./scope.ts";

/** What a name may stand for. `unsure`: it can't be said which relation it is, or whether it is one. */
export type Resolved =
  | { readonly is: "relation"; readonly relation: RelationFacts }
  | { readonly is: "missing"; readonly schema: string | null }
  | { readonly is: "unsure"; readonly reason: string };

/** The relation of that name, as PostgreSQL looks it up: temporary ones first, then `pg_catalog` unless the path names it, then the path. */
export function resolveRelation(scope: Scope, schema: string, name: string): Resolved {
  const { catalogue, session, text, path } = scope;
  if (text.made.has(name)) return { is: "unsure", reason: `\`${name}\` was made in the same text` };
  if (schema !== "") {
    const place = schema === "pg_temp" ? (session.tempSchema ?? null) : schema;
    return found(place === null ? undefined : catalogue.relation(place, name), schema);
  }
  if (path === null) return { is: "unsure", reason: "the search path may have changed in the same text" };
  if (mayBeTemporary(scope, name)) return { is: "unsure", reason: `\`${name}\` may be a temporary relation` };
  const place = relationPath(scope, path).find((candidate) => catalogue.relation(candidate, name) !== undefined);
  return found(place === undefined ? undefined : catalogue.relation(place, name), null);
}

function found(relation: RelationFacts | undefined, schema: string | null): Resolved {
  return relation === undefined ? { is: "missing", schema } : { is: "relation", relation };
}

/** Nobody said which temporary schema is the session's, and some session has a relation of that name. */
function mayBeTemporary({ session, catalogue, direct }: Scope, name: string): boolean {
  if (session.tempSchema !== undefined || !direct) return false;
  return catalogue.relationsIn("pg_temp").some((relation) => relation.name === name);
}

function relationPath({ session }: Scope, path: readonly string[]): readonly string[] {
  const temp = session.tempSchema ?? null;
  const named = path.map((schema) => (schema === "pg_temp" ? temp : schema)).filter((schema) => schema !== null);
  const full = named.includes("pg_catalog") ? named : ["pg_catalog", ...named];
  return temp === null || full.includes(temp) ? full : [temp, ...full];
}

/** Where functions and operators are looked up: never in the temporary schema. Null: not known. */
export function functionPath({ path, session }: Scope): readonly string[] | null {
  if (path === null) return null;
  const named = path.filter((schema) => schema !== "pg_temp" && schema !== session.tempSchema);
  return named.includes("pg_catalog") ? named : ["pg_catalog", ...named];
}

export interface Wanted {
  readonly parts: readonly string[];
  /** Number of arguments; null: any. */
  readonly count: number | null;
}

/**
 * Every function that the name may mean. Types are not derived: of all overloads that take so many arguments only those are left out that
 * another one of the same argument types hides. Null: the path is not known.
 */
export function resolveFunctions(scope: Scope, { parts, count }: Wanted): readonly FunctionFacts[] | null {
  const name = parts.at(-1) ?? "";
  const schema = parts.length > 1 ? (parts.at(-2) ?? "") : null;
  const named = schema === "pg_temp" ? (scope.session.tempSchema ?? "pg_temp") : schema;
  const schemas = named === null ? functionPath(scope) : [named];
  if (schemas === null) return null;
  const seen = new Set<string>();
  return schemas.flatMap((place) =>
    scope.catalogue.functions(place, name).filter((candidate) => {
      const signature = candidate.argumentTypes.join(" ");
      if (!takes(candidate, count) || seen.has(signature)) return false;
      seen.add(signature);
      return true;
    }),
  );
}

function takes({ argumentTypes, defaults, variadic }: FunctionFacts, count: number | null): boolean {
  if (count === null || (count <= argumentTypes.length && count >= argumentTypes.length - defaults)) return true;
  return variadic && count >= argumentTypes.length - 1;
}

/** The type of that name; undefined if there is none or it can't be said. */
export function resolveType(scope: Scope, parts: readonly string[]): TypeFacts | undefined {
  const name = parts.at(-1) ?? "";
  const schema = parts.length > 1 ? (parts.at(-2) ?? "") : null;
  if (schema !== null)
    return scope.catalogue.type(schema === "pg_temp" ? (scope.session.tempSchema ?? "pg_temp") : schema, name);
  for (const place of relationPath(scope, scope.path ?? [])) {
    const type = scope.catalogue.type(place, name);
    if (type !== undefined) return type;
  }
  return undefined;
}

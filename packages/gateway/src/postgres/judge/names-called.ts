import { functionPath, resolveFunctions, resolveType } from "./resolve.ts";
import type { Projection, Scope } from "./scope.ts";
import { type Tree, list, names, tree } from "./tree.ts";
import { meetType } from "./types-met.ts";

/** A call by name: all functions that it may mean. */
export function callByName(scope: Scope, content: Tree): void {
  const { found, judge } = scope;
  const parts = names(content["funcname"]);
  const args = list(content["args"]);
  judge.walk(scope, [args, content["agg_order"], content["agg_filter"], tree(content["over"])]);
  const count = args.length + (content["agg_within_group"] === true ? list(content["agg_order"]).length : 0);
  const candidates = resolveFunctions(scope, { parts, count: content["func_variadic"] === true ? null : count });
  if (candidates === null) {
    found.doubt("the search path may have changed in the same text");
    return;
  }
  for (const candidate of candidates) judge.call(scope, candidate, args);
  if (candidates.length > 0) return;
  // `name(x)` may be a cast, or a column of a row.
  const type = resolveType(scope, parts);
  if (type !== undefined) {
    meetType(scope, type.oid, true);
    found.castTo.add(type.oid);
  } else if (args.length !== 1 || !isColumn(scope, parts)) {
    found.missing.add(parts.join("."));
    found.doubt(`there is no function \`${parts.join(".")}\` that is known`);
  }
}

function isColumn(scope: Scope, parts: readonly string[]): boolean {
  const [name = ""] = parts;
  if (parts.length !== 1) return false;
  return [...scope.aliases.values()].some(
    (relation) => relation?.columns.some((column) => column.name === name) === true,
  );
}

/** An operator: which functions stand behind it is settled when all types are known. */
export function operator({ found, ...scope }: Scope, parts: readonly string[]): void {
  const name = parts.at(-1) ?? "";
  const path = functionPath({ found, ...scope });
  if (path === null) found.doubt("the search path may have changed in the same text");
  if (!scope.runs) return;
  const schemas = found.operators.get(name) ?? new Set();
  for (const schema of parts.length > 1 ? [parts.at(-2) ?? ""] : (path ?? [])) schemas.add(schema);
  found.operators.set(name, schemas);
}

/** `x.f` and `(x).f`: a column, or a function of one argument. Settled when all aliases are known. */
export function projection(scope: Scope, { name, alias }: Omit<Projection, "scope">): void {
  scope.projections.push({ scope, name, alias });
}

/** The functions that `x.f` may call: none when `x` is a relation with such a column. */
export function callProjection({ scope, name, alias }: Projection): void {
  const relation = alias === null ? undefined : scope.aliases.get(alias);
  if (name === "*" || relation?.columns.some((column) => column.name === name) === true) return;
  const candidates = resolveFunctions(scope, { parts: [name], count: 1 });
  for (const candidate of candidates ?? [])
    if (mayTakeRow(scope, candidate.argumentTypes[0] ?? 0, alias)) scope.judge.call(scope, candidate, []);
}

/** Pseudo types that take a row: record, any, anyelement and their like. */
const ROW_TYPES: ReadonlySet<number> = new Set([2249, 2276, 2283, 2776, 5077, 5080]);

function mayTakeRow(scope: Scope, type: number, alias: string | null): boolean {
  if (alias === null) return true;
  return ROW_TYPES.has(type) || scope.catalogue.typeByOid(type)?.kind === "c";
}

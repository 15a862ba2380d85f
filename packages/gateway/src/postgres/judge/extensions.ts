import type { FunctionFacts } from "./catalogue.ts";

/** Extensions of which all functions in C compute from their arguments alone, chance and clock aside. */
const COMPUTING: ReadonlySet<string> = new Set([
  "bloom",
  "btree_gin",
  "btree_gist",
  "citext",
  "cube",
  "dict_int",
  "dict_xsyn",
  "earthdistance",
  "fuzzystrmatch",
  "hstore",
  "insert_username",
  "intagg",
  "intarray",
  "isn",
  "ltree",
  "moddatetime",
  "pg_trgm",
  "pgcrypto",
  "seg",
  "tsm_system_rows",
  "tsm_system_time",
  "unaccent",
  "uuid-ossp",
  "vector",
]);
/** … and those of which only these do. */
const ALSO: Readonly<Record<string, ReadonlySet<string>>> = {
  tablefunc: new Set(["normal_rand"]),
  lo: new Set(["lo_oid"]),
  pg_stat_statements: new Set(["pg_stat_statements", "pg_stat_statements_info"]),
};

/** Whether a function in C is one that computes and does nothing else. */
export function isHarmless({ extension, name }: FunctionFacts): boolean {
  if (extension === null) return false;
  return COMPUTING.has(extension) || ALSO[extension]?.has(name) === true;
}

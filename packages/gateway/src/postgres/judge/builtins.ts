import {
  INDIRECT,
  LARGE_OBJECT_READING,
  LARGE_OBJECT_WRITING,
  OF_RELATION,
  OF_TYPE,
  REACHING,
  READING,
  WRITING,
} from "./builtin-lists.ts";
import type { FunctionFacts, RelationFacts } from "./catalogue.ts";
import { namesIn } from "./names.ts";
import { readText } from "./read-text.ts";
import { resolveRelation } from "./resolve.ts";
import { noteSetting } from "./settings.ts";
import type { Scope } from "./scope.ts";
import { type Value, constantText, literal, names, node } from "./tree.ts";

/** What a function of the server itself does: by list; one that is not volatile and in no list computes or reads the catalogue. */
export function judgeBuiltin(scope: Scope, called: FunctionFacts, args: readonly Value[]): void {
  const { name, volatility } = called;
  const rule = RULES[name];
  if (rule !== undefined) rule(scope, args);
  else if (OF_RELATION.has(name)) readsNamed(scope, args);
  else if (INDIRECT.has(name) || OF_TYPE.has(name)) indirect(scope, name, args);
  else if (REACHING.has(name)) reaches(scope, name);
  else if (WRITING.has(name)) writes(scope, name);
  else if (LARGE_OBJECT_READING.has(name)) scope.found.useNamed(LARGE_OBJECTS, "select", scope);
  else if (LARGE_OBJECT_WRITING.has(name)) scope.found.useNamed(LARGE_OBJECTS, "update", scope);
  else if (volatility === "v" && !READING.has(name)) scope.found.doubt(`what \`${name}\` does is not known`);
}

const LARGE_OBJECTS = "pg_catalog.pg_largeobject";

const RULES: Readonly<Record<string, (scope: Scope, args: readonly Value[]) => void>> = {
  nextval: (scope, args) => advance(scope, args),
  currval: (scope, [first]) => {
    const sequence = sequenceOf(scope, first);
    if (sequence !== undefined) scope.found.use(sequence, "select", scope);
  },
  setval: (scope, args) => {
    scope.found.lasting ??= "setval, which no rollback takes back";
    advance(scope, args);
  },
  set_config: (scope, [name, value, local]) => {
    const [setting, text] = [literal(name), constantText(value ?? null)];
    if (setting === undefined) scope.found.doubt("set_config changes a setting that is not known before it runs");
    else noteSetting(scope, { name: setting.toLowerCase(), value: text ?? null, local: constantText(local) === "on" });
  },
  pg_notify: (scope) => scope.found.effect("external"),
  lo_unlink: (scope) => scope.found.useNamed(LARGE_OBJECTS, "delete", scope),
  ts_rewrite: (scope, args) => {
    if (args.length < 3) indirect(scope, "ts_rewrite", args.slice(1));
  },
};

function advance(scope: Scope, [first]: readonly Value[]): void {
  const sequence = sequenceOf(scope, first);
  if (sequence === undefined) scope.found.doubt("the sequence that is advanced is not known before it runs");
  else scope.found.use(sequence, "advance", scope);
}

function sequenceOf(scope: Scope, argument: Value): RelationFacts | undefined {
  const owned = node(argument, "FuncCall");
  if (owned !== undefined && names(owned["funcname"]).at(-1) === "pg_get_serial_sequence") {
    const [relation, column] = Array.isArray(owned["args"]) ? (owned["args"] as readonly Value[]) : [];
    const table = relationNamed(scope, literal(relation));
    const name = literal(column);
    const oid = table?.columns.find((candidate) => candidate.name === name)?.sequence ?? null;
    return oid === null ? undefined : scope.catalogue.relationByOid(oid);
  }
  return relationNamed(scope, literal(argument));
}

function relationNamed(scope: Scope, text: string | undefined): RelationFacts | undefined {
  const parts = text === undefined ? null : namesIn(text);
  if (parts === null || parts.length > 2) return undefined;
  const resolved = resolveRelation(scope, parts.length === 2 ? (parts[0] ?? "") : "", parts.at(-1) ?? "");
  return resolved.is === "relation" ? resolved.relation : undefined;
}

function readsNamed(scope: Scope, [first]: readonly Value[]): void {
  const relation = relationNamed(scope, literal(first));
  if (relation === undefined) scope.found.doubt("the relation that is read is not known before it runs");
  else scope.judge.touch(scope, relation, { operation: "select", direct: scope.direct, columns: null });
}

/** SQL as text: what a constant says is listed as well, but it stays unknown. */
function indirect(scope: Scope, name: string, [first]: readonly Value[]): void {
  scope.found.doubt(`\`${name}\` runs what it is given as text`);
  const text = literal(first);
  const read = text === undefined || OF_TYPE.has(name) ? null : readText(text);
  if (read?.ok !== true) return;
  for (const statement of read.statements)
    scope.judge.statement({ ...scope, ctes: new Set(), aliases: new Map(), depth: scope.depth + 1 }, statement.tree);
}

function reaches({ found }: Scope, name: string): void {
  found.effect("external");
  found.lasting ??= `\`${name}\``;
  found.doubt(`\`${name}\` reaches beyond the database`);
}

function writes({ found }: Scope, name: string): void {
  found.effect("write");
  if (!name.includes("xact")) found.lasting ??= `\`${name}\``;
}
